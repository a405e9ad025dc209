// Scenarios in which a raw peer sends frames and ends the connection right behind
// them, before anybody has looked: the kernel has both when the program reads. What
// the program sees of it, WebSocket and raw socket together, is one list.
import { VIOLATIONS } from './sizes.mjs';

const SIZES = [
  ...[0, 1, 20, 125, 126, 1000, 1000, 16383, 16384],
  ...[40000, 60000, 65520, 65528, 70000, 140000]
];

/**
 * @param {Number} seed
 * @param {Object} r Random numbers
 * @param {Object} limits As for makeScenario()
 * @return {Object} A scenario
 */
export function makeAtOnce(seed, r, { noUnix, topology }) {
  const transport =
    topology || r.pick(['tcp', 'tcp', 'tls', noUnix ? 'tcp' : 'unix']);
  // Of a server of the peer's, TLS is Node's: its records cannot be cut.
  const role = transport === 'tls' || r.chance(0.7) ? 'server' : 'client';
  const isCompressed = r.chance(0.2);
  const deflate = isCompressed ? { clientNo: false, serverNo: false } : null;
  const options = {
    closeTimeout: 900,
    perMessageDeflate: isCompressed ? {} : false
  };
  let next = 1;
  const id = () => next++;
  const rest = () => ({ op: 'quiesce', id: id() });
  const at = { c: 0, e: 'a' };
  const message = (sizes) => ({
    ...{ op: r.pick([1, 2]), size: r.pick(sizes), id: id() },
    ...(isCompressed && r.chance(0.5) ? { compress: true } : {}),
    ...(r.chance(0.15) ? { parts: 2 } : {})
  });

  if (r.chance(0.3)) options.allowSynchronousEvents = false;
  if (r.chance(0.1)) options.autoPong = false;
  if (r.chance(0.1)) options.maxPayload = 50000;

  const steps = [];

  // How long the last one was, decides where the next ones are read to.
  if (r.chance(0.4)) {
    steps.push({
      ...{ c: 0, e: 'b', op: 'frames', frames: [message(SIZES)] }
    });
    steps.push(rest());
  }
  if (r.chance(0.5)) steps.push(reaction(r, at, id));
  if (r.chance(0.2)) steps.push({ ...at, op: 'pause' });

  const frames = [];

  for (let i = r.int(0, 3); i > 0; i--) {
    const k = r.weigh([
      [10, 'message'],
      [3, 'ping'],
      [2, 'close'],
      [1, 'bad']
    ]);

    if (k === 'message') frames.push(message(SIZES));
    else if (k === 'ping') frames.push({ op: 9, size: 4, id: id() });
    else if (k === 'close') frames.push({ close: 1000, reason: '' });
    else {
      frames.push({
        ...{ bad: r.pick(VIOLATIONS.filter((v) => !/deflate|many/.test(v))) },
        ...{ code: 1005, size: 0 }
      });
    }
  }
  steps.push({
    ...{ c: 0, e: 'b', op: 'atOnce', frames },
    cut: frames.length > 0 && r.chance(0.25) ? r.int(1, 30) : 0,
    end: endOf(r, frames),
    // Over TLS: each frame in a record of its own, and close_notify before the FIN.
    apart: r.chance(0.5),
    says: r.chance(0.5)
  });
  steps.push(rest());

  return {
    ...{ seed, atOnce: true, racy: false, transport, role, peer: 'raw' },
    ...{ deflate, options, peerOptions: { closeTimeout: 900 } },
    conns: [
      {
        ...(r.chance(0.6) ? { watchStory: true } : {}),
        ...(r.chance(0.5) ? { noAutoClose: true } : {})
      }
    ],
    ...{ steps, settle: true, noServer: r.chance(0.3), finish: 'fin' }
  };
}

/**
 * How the connection ends. Whether a pong that is joined with the close frame of an
 * error meets a reset before that error is told of, docs/api.md lets differ.
 */
function endOf(r, frames) {
  const isBad = frames.some((frame) => frame.bad !== undefined);
  const end = r.pick(['fin', 'fin', 'rst', 'rst', 'none']);

  return isBad && end === 'rst' ? 'fin' : end;
}

/** What the program does in a listener. */
function reaction(r, at, id) {
  const what = r.weigh([
    [4, 'send'],
    [2, 'close'],
    [2, 'terminate'],
    [2, 'pause'],
    [1, 'ping'],
    [1, 'sockEnd'],
    [1, 'sockDestroy']
  ]);
  const step =
    what === 'send' || what === 'ping'
      ? { ...at, op: what, kind: 'text', size: 20, id: id(), cb: true }
      : what.startsWith('sock')
        ? { ...at, op: 'touch', what }
        : { ...at, op: what };

  return {
    ...{ ...at, op: 'react' },
    reaction: {
      ...{ on: r.pick(['message', 'message', 'ping']), times: r.pick([1, 3]) },
      do: [step]
    }
  };
}
