// A byte stream over a connection that is used as one is meant to be: sizes, back
// pressure, readers of all kinds, and ends from every side, at every moment.

const SIZES = [0, 1, 10, 125, 126, 5000, 40_000];
const MARKS = [0, 1, 16, 1000, 16_384, 65_536];

/** Where calls are made: at once, or when something is emitted or called back. */
const PLACES = [
  [8, 'macrotask'],
  [1, 'tick'],
  [1, 'microtask'],
  [2, 'data'],
  [1, 'readable'],
  [2, 'end'],
  [2, 'finish'],
  [1, 'drain'],
  [1, 'error'],
  [1, 'close'],
  [2, 'written'],
  [1, 'message'],
  [2, 'ws close'],
  [1, 'ws error']
];

/** Who reads: listeners, or one of Node's ways. */
const READERS = [
  [5, 'data'],
  [3, 'readable'],
  [2, 'nobody'],
  [2, 'pipe'],
  [2, 'slow pipe'],
  [2, 'iterate'],
  [1, 'iterate two'],
  [2, 'pipeline'],
  [1, 'echo'],
  [1, 'web']
];

export function flowScenario(r) {
  const topology = r.weigh([
    [5, 'light'],
    [2, 'touched'],
    [1, 'server'],
    [2, 'noServer'],
    [2, 'tls'],
    [1, 'unix'],
    [2, 'duplex']
  ]);
  const mode = {
    role: r.chance(0.6) ? 'server' : 'client',
    state: r.weigh([
      [8, 'open'],
      [2, 'connecting'],
      [1, 'closing'],
      [1, 'peerClosing'],
      [1, 'closed'],
      [1, 'paused']
    ])
  };
  const reader = r.weigh(READERS);
  // How fast is inflated is nobody's affair, and a slow reader is held up by it.
  if (/^(data|readable|nobody)$/.test(reader) && r.chance(0.3)) {
    mode.deflate = true;
  }
  const steps = [];
  const count = r.int(2, 9);
  for (let i = 0; i < count; i++) steps.push(step(r, mode));
  return {
    ...{ topology, mode, stream: options(r), reader },
    isWatched: r.chance(0.8),
    steps
  };
}

function options(r) {
  return {
    ...(r.chance(0.4) && { readableObjectMode: r.chance(0.7) }),
    ...(r.chance(0.3) && { allowHalfOpen: r.chance(0.3) }),
    ...(r.chance(0.2) && { decodeStrings: r.chance(0.5) }),
    ...(r.chance(0.4) && { highWaterMark: r.pick(MARKS) }),
    ...(r.chance(0.2) && { readableHighWaterMark: r.pick(MARKS) }),
    ...(r.chance(0.2) && { writableHighWaterMark: r.pick(MARKS) }),
    ...(r.chance(0.1) && { encoding: 'utf8' })
  };
}

function step(r, mode) {
  if (r.chance(0.35)) {
    return {
      peer: r.weigh([
        [4, 'text'],
        [4, 'binary'],
        [2, 'empty'],
        [1, 'ping'],
        [2, 'fragments'],
        [2, 'close'],
        [1, 'closeReason'],
        [1, 'bad'],
        [2, 'end'],
        [1, 'destroy']
      ]),
      ...(r.chance(0.4) && { times: r.int(2, 6) })
    };
  }
  const calls = [];
  const count = r.weigh([
    [5, 1],
    [3, 2],
    [2, 4]
  ]);
  for (let i = 0; i < count; i++) calls.push(call(r));
  const made = { at: r.weigh(PLACES), calls };
  // How fast is compressed is nobody's affair.
  if (!mode.deflate && r.chance(0.1)) made.rest = false;
  return made;
}

function call(r) {
  return r.weigh([
    [6, { does: 'write', size: r.pick(SIZES), text: r.chance(0.3) }],
    [1, { does: 'write many', size: r.pick(SIZES), count: r.int(2, 20) }],
    [3, { does: 'end', size: r.chance(0.5) ? r.pick(SIZES) : null }],
    [2, { does: 'destroy', why: r.chance(0.5) }],
    [1, { does: 'cork' }],
    [1, { does: 'uncork' }],
    [1, { does: 'pause' }],
    [1, { does: 'resume' }],
    [2, { does: 'read', size: r.chance(0.5) ? r.pick([1, 3, 5, 100]) : null }],
    [1, { does: 'unshift' }],
    [1, { does: 'unpipe' }],
    [1, { does: 'ws close' }],
    [1, { does: 'ws terminate' }],
    [1, { does: 'ws pause' }],
    [1, { does: 'ws resume' }],
    [1, { does: 'ws send', size: r.pick(SIZES) }],
    [1, { does: 'abort' }],
    [1, { does: 'throw' }]
  ]);
}
