// Steps about who owns what: bytes that are under way when a connection ends,
// the memory of messages and payloads, what the raw socket says of its queue,
// and a neighbour that misbehaves.
import { SMALL } from './sizes.mjs';

/** Ways to end a connection from this side, each at once. */
const ENDS = [
  [8, 'terminate'],
  [4, 'sockDestroy'],
  [2, 'sockDestroyErr'],
  [3, 'sockDestroySoon'],
  [3, 'sockReset'],
  [3, 'sockEnd'],
  [2, 'sockEndData'],
  [4, 'close']
];

/** Sends, an end right behind them in the same tick, and sends behind that. */
export function endingSteps(ctx, c, e) {
  const { r, id } = ctx;
  const at = { c, e };
  const steps = [];
  const sends = (n) => {
    for (let i = 0; i < n; i++) {
      const k = r.weigh([
        [8, 'send'],
        [2, 'ping'],
        [1, 'pong'],
        [2, 'sockWrite'],
        [1, 'sendFrame']
      ]);
      const size = k === 'send' ? ctx.size() : r.pick([1, 20, 125]);
      steps.push({ ...at, op: k, kind: 'buffer', size, id: id(), cb: true });
    }
  };

  sends(r.pick([1, 1, 1, 2, 2, 4, 12]));
  steps.push(endStep(ctx, at));
  if (r.chance(0.5)) sends(r.int(1, 2));
  if (r.chance(0.2)) steps.push(endStep(ctx, at));
  return steps;
}

export function endStep(ctx, at) {
  const what = ctx.r.weigh(ENDS);

  if (what === 'terminate') return { ...at, op: 'terminate' };
  if (what === 'close') return { ...at, op: 'close', code: 1000 };
  const step = { ...at, op: 'touch', what };
  if (what === 'sockEndData') step.id = ctx.id();
  return step;
}

/** A listener takes a lone message's memory for itself. */
export function takeSteps(ctx, c) {
  const { r, id } = ctx;
  const how = r.pick(['clone', 'transfer', 'enqueue', 'fill']);
  const size = r.pick([1, 20, 125, 1000, 4096, 16384, 65536, 200000]);
  const messages = (n) =>
    ctx.peer === 'raw'
      ? [
          {
            ...{ c, e: 'b', op: 'frames' },
            frames: Array.from({ length: n }, () => ({
              ...{ op: 2, size: ctx.small ? 20 : size, id: id() },
              ...(ctx.deflate && size < 70000 ? { compress: true } : {})
            }))
          }
        ]
      : Array.from({ length: n }, () => ({
          ...{ c, e: 'b', op: 'send', kind: 'buffer' },
          ...{ size: ctx.small ? 20 : Math.min(size, 65536), id: id() }
        }));
  const rest = () => ({ op: 'quiesce', id: id() });

  return [
    { c, e: 'a', op: 'resume' },
    ...messages(r.int(1, 3)),
    rest(),
    {
      ...{ c, e: 'a', op: 'react' },
      reaction: { on: 'message', do: [{ c, e: 'a', op: 'take', how }] }
    },
    ...messages(1),
    rest(),
    ...messages(r.int(1, 3)),
    rest()
  ];
}

/** A payload that its owner changes right behind send(). */
export function afterSteps(ctx, c, e) {
  const { r, id } = ctx;
  const after = r.pick(['fill', 'detach', 'shrink']);
  const kind = r.pick(['buffer', 'buffer', 'arraybuffer', 'view', 'dataview']);
  const send = (size) => ({
    ...{ c, e, op: 'send', kind, id: id(), cb: true },
    ...{ size: ctx.small ? 20 : size, after }
  });
  const steps = [];

  if (ctx.peer === 'raw') steps.push({ c, e: 'b', op: 'resumeRead' });
  // Idle, so that the first of a tick has been written when send() returns.
  steps.push({ op: 'quiesce', id: id() });
  steps.push(send(r.pick([1, 20, 125, 126, 1000, 4096, 16384, 65536])));
  // What comes behind it is joined, and small. Over TLS it waits in ws, too, and
  // so it does for compression: ws sends an empty message then (docs/api.md).
  const waits = ctx.transport === 'tls' || (ctx.deflate && after !== 'fill');

  if (!waits && r.chance(0.4)) {
    steps.push(send(r.pick([1, 20, 125, 1000])));
  }
  steps.push({ op: 'quiesce', id: id() });
  return steps;
}

/** What the raw socket says of its queue, in a tick and at rest. */
export function lookSteps(ctx, c, e) {
  const { r, id } = ctx;
  const at = { c, e };
  const look = () => ({ ...at, op: 'touch', what: 'look', id: id() });
  const write = (op, size) => ({
    ...at,
    op,
    kind: 'buffer',
    size: Math.max(1, size),
    id: id(),
    cb: true
  });
  const rest = { op: 'quiesce', id: id() };
  const steps = [{ ...at, op: 'touch', what: 'onDrain' }, rest, look()];

  for (let i = r.int(1, 4); i > 0; i--) {
    const op = r.pick(['send', 'sockWrite', 'ping']);
    steps.push(write(op, op === 'ping' ? 20 : ctx.size()));
    if (r.chance(0.5)) steps.push(look());
  }
  return [...steps, { op: 'quiesce', id: id() }, look()];
}

/** A socket that times out, or does not because there is traffic. */
export function timeoutSteps(ctx, c, e) {
  const { r, id } = ctx;
  const at = { c, e };
  const on = { ...at, op: 'touch', what: 'timeoutSoon', ms: 160 };

  if (r.chance(0.5)) return [on, { op: 'ms', n: 400 }];
  const steps = [on];
  for (let i = 0; i < 3; i++) {
    steps.push(
      r.chance(0.5) || ctx.peer !== 'raw'
        ? { ...at, op: 'send', kind: 'text', size: 20, id: id() }
        : { c, e: 'b', op: 'frames', frames: [{ op: 1, size: 20, id: id() }] },
      { op: 'ms', n: 70 }
    );
  }
  return [...steps, { ...at, op: 'touch', what: 'setTimeout0' }];
}

/** One connection misbehaves, and all of them go on. */
export function mischiefSteps(ctx, c) {
  const { r, id } = ctx;
  const what =
    ctx.nconn === 1
      ? r.pick(['mockWrite', 'mockPrototype'])
      : r.pick(
          ctx.transport === 'tcp' || ctx.transport === 'unix'
            ? [
                'throwWrite',
                'throwOnce',
                'mockWrite',
                'mockPrototype',
                'dropWrite',
                'closeHandle'
              ]
            : [
                'throwWrite',
                'throwOnce',
                'mockWrite',
                'mockPrototype',
                'dropWrite'
              ]
        );
  // Those whose own fate is to be that of ws as well.
  const same = what === 'mockWrite' || what === 'mockPrototype';
  const all = (e) => {
    const size = r.pick(SMALL);
    return Array.from({ length: ctx.nconn }, (_, i) => ({
      ...{ c: (c + i) % ctx.nconn, e, op: 'send', kind: 'text' },
      ...{ size, id: id(), cb: true }
    }));
  };
  const steps = [
    { op: 'quiesce', id: id() },
    { c, e: 'a', op: 'mischief', what }
  ];

  if (!same) ctx.loose.add(c);
  for (let i = r.int(1, 3); i > 0; i--) {
    steps.push(...all('a'));
    if (r.chance(0.5)) steps.push({ op: 'quiesce', id: id() });
  }
  return [...steps, { op: 'quiesce', id: id() }];
}
