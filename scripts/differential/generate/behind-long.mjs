// Nothing comes right behind a long message in whose listener a program pauses.
//
// Which of it is emitted all the same is a matter of where a read of 64 KiB ends,
// also with ws (docs/api.md).

/** Messages from this size on may be longer than one. */
const LONG = 65536;

/**
 * Parts the frames of raw peers behind each long message, once the program may
 * pause in a listener.
 */
export function partBehindLong(steps, id) {
  const pausing = new Set();

  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];

    if (step.e === 'a' && pausesInListener(step)) pausing.add(step.c);
    if (step.e !== 'b' || !pausing.has(step.c)) continue;
    const at = (step.frames ?? []).findIndex(
      ({ op, size }) => (op === 1 || op === 2) && size >= LONG
    );

    if (at < 0 || step.op !== 'frames') continue;
    const rest = step.frames.splice(at + 1);

    steps.splice(
      i + 1,
      0,
      { op: 'quiesce', id: id() },
      ...(rest.length > 0
        ? [{ c: step.c, e: 'b', op: 'frames', frames: rest }]
        : [])
    );
    i++;
  }
}

/** A stream that nobody reads pauses for everything that is long. */
function pausesInListener(step) {
  if (step.op === 'stream') return step.read !== 'data';
  return (
    ['react', 'listen'].includes(step.op) &&
    JSON.stringify(step).includes('"op":"pause"')
  );
}
