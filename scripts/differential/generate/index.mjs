// Makes a random scenario of a seed: plain data, which run/ carries out.
import { rng } from '../random.mjs';
import { makeApart } from './apart.mjs';
import { makeAtOnce } from './at-once.mjs';
import { barriers } from './barriers.mjs';
import { partBehindLong } from './behind-long.mjs';
import { makeInside } from './inside.mjs';
import { makeOdd } from './odd.mjs';
import { makeOptions } from './options.mjs';
import { framesFor, peerStep } from './peer-steps.mjs';
import { receiveStep } from './receive-steps.mjs';
import { SIZES, SMALL } from './sizes.mjs';
import { syncStep } from './nested-steps.mjs';
import { sutStep } from './websocket-steps.mjs';

export function makeScenario(seed, limits = {}) {
  const r = rng(seed);
  const apart = r.chance(0.05) && limits.topology !== 'duplex';

  if (limits.only === 'apart' || (apart && !limits.only)) {
    return makeApart(seed, r, limits);
  }
  const kind = limits.only ?? kindOf(seed);

  if (kind === 'at-once' && limits.topology !== 'duplex') {
    return makeAtOnce(seed, r, limits);
  }
  if (kind === 'odd') return makeOdd(seed, r, limits);
  // A Duplex in memory takes time for each chunk, and what is joined is fewer.
  if (kind === 'inside' && limits.topology !== 'duplex') {
    return makeInside(seed, r, limits);
  }

  let nextId = 1;
  const id = () => nextId++;

  const transport =
    limits.topology ||
    r.weigh([
      [46, 'tcp'],
      [18, 'tls'],
      [18, limits.noUnix ? 'tcp' : 'unix'],
      [18, 'duplex']
    ]);
  const role = r.weigh([
    [60, 'server'],
    [40, 'client']
  ]);
  const peer = r.weigh([
    [72, 'raw'],
    [12, 'ws'],
    [16, 'sut']
  ]);
  let nconn = r.weigh([
    [66, 1],
    [18, 2],
    [10, 3],
    [4, 8],
    [2, 70]
  ]);
  if (transport !== 'tcp' && nconn > 8) nconn = 8;
  const small = nconn >= 8;
  const deflate = r.chance(0.3)
    ? { clientNo: r.chance(0.3), serverNo: r.chance(0.3) }
    : null;

  // Long ones between two WebSockets may still be inflated when a barrier is passed.
  const size = () => {
    const n = small ? r.pick(SMALL) : r.weigh(SIZES);
    return deflate && peer !== 'raw' && n > 70000 ? 65536 : n;
  };
  const options = makeOptions(r, role, deflate);
  const peerOptions = makeOptions(
    r,
    role === 'server' ? 'client' : 'server',
    deflate
  );
  delete peerOptions.maxPayload;
  delete peerOptions.maxFragments;
  if (peer !== 'raw') {
    // What the peer had still to send when this end gave up is a matter of chance.
    delete options.maxPayload;
    delete options.maxFragments;
  }
  peerOptions.closeTimeout = 900;

  // A racy scenario has no barriers where the two ends change places; it is compared by fewer rules.
  let racy = limits.racy ?? r.chance(0.2);
  // Nothing is sent, so that a listener may do away with the connection.
  const receiveOnly =
    peer === 'raw' && (r.chance(0.15) || limits.only === 'receive');
  // When a short time is over is a matter of chance, too.
  if (!racy || receiveOnly) options.closeTimeout = 900;
  if (receiveOnly) {
    options.autoPong = false;
    racy = false;
  }

  const ctx = {
    receiveOnly,
    racy,
    r,
    id,
    size,
    role,
    peer,
    nconn,
    deflate,
    options,
    small,
    transport,
    limits,
    loose: new Set(),
    loud: new Set(),
    paused: new Set()
  };

  const conns = [];
  for (let c = 0; c < nconn; c++) {
    const conn = {};
    if (r.chance(0.15)) conn.watchSocket = true;
    if (peer === 'raw' && r.chance(0.2)) conn.noAutoClose = true;
    if (peer === 'raw' && !receiveOnly && r.chance(small ? 0.05 : 0.2)) {
      conn.behind = framesFor(ctx, r.int(1, 4));
    }
    if (!receiveOnly && r.chance(small ? 0.03 : 0.2)) {
      conn.onOpen = [];
      for (let i = r.int(1, 3); i > 0; i--) {
        conn.onOpen.push(...syncStep(ctx, c, 'a'));
      }
    }
    conns.push(conn);
  }

  const steps = [];
  const count = r.weigh([
    [3, 2],
    [6, 5],
    [6, 9],
    [4, 15],
    [2, 30]
  ]);
  for (let i = 0; i < count; i++) {
    const c = r.int(0, nconn - 1);
    if (receiveOnly) steps.push(...receiveStep(ctx, c));
    else if (r.chance(0.45)) steps.push(...peerStep(ctx, c));
    else steps.push(...sutStep(ctx, c));
    const y =
      receiveOnly && deflate
        ? 'quiesce'
        : r.weigh([
            [40, null],
            [12, 'tick'],
            [14, 'immediate'],
            [6, 'ms'],
            [28, 'quiesce']
          ]);
    if (y === 'tick') steps.push({ op: 'tick' });
    else if (y === 'immediate') steps.push({ op: 'immediate', n: r.int(1, 3) });
    else if (y === 'ms') steps.push({ op: 'ms', n: r.int(1, 6) });
    else if (y === 'quiesce') steps.push({ op: 'quiesce', id: id() });
  }

  // When a piped message goes out depends on when the one before it was written.
  if (steps.some((step) => step.op === 'stream' && step.read === 'echo')) {
    racy = true;
  }
  if (!racy && peer !== 'raw') {
    // What the peer answers to one step is to have come before the next.
    for (const step of steps) {
      if (step.op === 'immediate' || step.op === 'ms') {
        step.op = 'quiesce';
        step.id = id();
      }
    }
  }
  partBehindLong(steps, id);
  barriers(steps, id, { deflate, racy });
  return {
    seed,
    racy,
    transport,
    role,
    peer,
    deflate,
    options,
    peerOptions,
    conns,
    steps,
    looseStreams: [...ctx.loose].map((c) => `c${c}`),
    settle: r.chance(0.6),
    noServer: r.chance(0.3),
    slowDuplex: r.chance(0.5),
    finish: r.weigh([
      [40, 'fin'],
      [15, 'rst'],
      [30, 'close'],
      [15, 'sutClose']
    ])
  };
}

/** By chances of its own: most seeds are the scenarios that they were before. */
function kindOf(seed) {
  return rng(seed ^ 0x2b5e).weigh([
    [70, 'other'],
    [14, 'inside'],
    [10, 'at-once'],
    [6, 'odd']
  ]);
}
