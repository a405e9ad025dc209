// Steps in listeners and callbacks: without yields.
import { SMALL } from './sizes.mjs';
import { sendStep, wsStep } from './websocket-steps.mjs';

export function reactionStep(ctx, c, e, on) {
  const { r, id } = ctx;
  const at = { c, e };
  if (ctx.nconn > 1 && r.chance(ctx.small ? 0.4 : 0.15)) {
    const steps = [];
    const size = r.pick(SMALL);
    for (let i = 0; i < ctx.nconn; i++) {
      steps.push({ c: i, e, op: 'send', kind: 'text', size, id: id() });
    }
    return steps;
  }
  const k = r.weigh([
    [on === 'message' ? 30 : 0, 'echo'],
    [20, 'any'],
    [ctx.racy ? 4 : 0, 'delayed'],
    [ctx.racy ? 4 : 0, 'nextTick'],
    [ctx.racy ? 3 : 0, 'microtask'],
    [ctx.racy ? 4 : 0, 'immediately'],
    [ctx.limits.noThrow ? 0 : 3, 'throw'],
    [6, 'pauseResume']
  ]);
  switch (k) {
    case 'echo':
      return [{ ...at, op: 'echo', id: id(), cb: r.chance(0.3) }];
    case 'delayed':
      return [
        {
          ...at,
          op: 'delayed',
          ms: r.int(1, 4),
          step: syncStep(ctx, c, e, true)[0]
        }
      ];
    case 'nextTick':
    case 'microtask':
    case 'immediately':
      return [{ ...at, op: k, step: syncStep(ctx, c, e, true)[0] }];
    case 'throw':
      return [{ ...at, op: 'throw', id: id() }];
    case 'pauseResume':
      return [
        { ...at, op: 'pause' },
        {
          ...at,
          op: r.pick(['delayed', 'immediately', 'nextTick']),
          ms: r.int(1, 5),
          step: { ...at, op: 'resume' }
        }
      ];
    default:
      return syncStep(ctx, c, e, true);
  }
}

/** One step without yields. */
export function syncStep(ctx, c, e, nested) {
  const { r, id } = ctx;
  const at = { c, e };
  const k = r.weigh([
    [30, 'send'],
    [nested ? 4 : 8, 'burst'],
    [8, 'ping'],
    [4, 'pong'],
    [4, 'close'],
    [1.5, 'terminate'],
    [4, 'pause'],
    [4, 'resume'],
    [5, 'binaryType'],
    [4, 'listen'],
    [3, 'unlisten'],
    [4, 'sendFrame'],
    [4, 'sockWrite'],
    [8, 'touch']
  ]);
  if (k === 'send') {
    const step = sendStep(ctx, c, e);
    delete step.cbDo;
    if (nested && step.size > 70000) step.size = r.pick([20, 1000, 65536]);
    return [step];
  }
  if (k === 'listen') {
    return [
      {
        ...at,
        op: 'listen',
        type: r.pick(['message', 'close']),
        id: id(),
        how: r.pick(['on', 'once', 'prependListener']),
        removeSelf: r.chance(0.3)
      }
    ];
  }
  if (k === 'touch') {
    const list = [
      'setTimeout',
      'unref',
      'ref',
      'addresses',
      'noDelay',
      'receiver',
      'sender',
      'bytes',
      'onClose',
      'drain',
      'cork'
    ];
    if (!ctx.limits.forcedLoop) list.push('data', 'undata');
    const what = r.pick(list);
    if (what === 'cork') {
      return [
        { ...at, op: 'nextTick', step: { ...at, op: 'touch', what: 'uncork' } },
        { ...at, op: 'touch', what }
      ];
    }
    return [{ ...at, op: 'touch', what }];
  }
  return wsStep(ctx, c, e, k);
}
