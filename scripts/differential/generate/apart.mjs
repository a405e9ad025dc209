// Scenarios whose program has a process of its own, so that its raw peer sees
// when bytes arrive while the program works, and what arrives of it when it
// exits.

const SIZES = [0, 1, 20, 125, 126, 1000, 4096, 16384, 20000, 65536];

/** Work that another process notices even on a busy machine, in ms. */
const LONG = 120;

/**
 * @param {Number} seed
 * @param {Object} r The scenario's random numbers
 * @param {Object} limits As for makeScenario(): `topology` is the transport,
 *     if it is given
 * @return {Object} A scenario
 */
export function makeApart(seed, r, { noUnix, topology }) {
  const transport =
    topology || r.pick(['tcp', 'tcp', 'tls', noUnix ? 'tcp' : 'unix']);
  const exits = r.chance(0.5);
  const steps = [];
  let id = 1;
  // Whether the next send finds nothing that waits, however ws-rs joins.
  let fresh = true;

  const send = () => {
    const op = r.weigh([
      [10, 'send'],
      [1, 'ping'],
      [1, 'sockWrite']
    ]);
    steps.push({
      ...{ op, kind: r.pick(['text', 'buffer']), id: id++, fresh },
      size: op === 'ping' ? 20 : r.pick(SIZES)
    });
    fresh = false;
  };

  for (let i = r.int(1, 5); i > 0; i--) {
    for (let n = r.pick([1, 1, 2, 4]); n > 0; n--) send();
    const op = r.pick([
      'work',
      'work',
      'pause',
      'microtask',
      'immediate',
      'ms'
    ]);
    if (op === 'work' || op === 'pause') {
      steps.push({ op: 'work', ms: op === 'work' ? LONG : 2 });
      fresh = true;
    } else {
      steps.push({ op, n: r.int(1, 3) });
      fresh = op !== 'microtask';
    }
  }
  if (exits) {
    if (r.chance(0.8)) send();
    steps.push({ op: 'exit', how: r.pick(['exit', 'exit', 'kill', 'throw']) });
  } else if (steps.at(-1).op !== 'work') {
    steps.push({ op: 'work', ms: LONG });
  }
  return {
    ...{ seed, apart: true, racy: false, transport },
    role: r.pick(['server', 'client']),
    where: r.pick(['timer', 'open', 'message']),
    ...{ peer: 'raw', deflate: null, options: { perMessageDeflate: false } },
    ...{ peerOptions: {}, conns: [{}], steps, settle: true, finish: 'fin' }
  };
}
