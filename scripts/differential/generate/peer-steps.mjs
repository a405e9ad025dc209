// Steps of the peer of what is under test.
import { SMALL, VIOLATIONS } from './sizes.mjs';
import { endsSomething } from './barriers.mjs';
import { sutStep, wsStep } from './websocket-steps.mjs';

export function framesFor(ctx, n) {
  const { r, id, size, deflate } = ctx;
  const frames = [];
  for (let i = 0; i < n; i++) {
    const k = r.weigh([
      [60, 'msg'],
      [14, 'ping'],
      [5, 'pong'],
      [12, 'many'],
      [9, 'pings']
    ]);
    if (k === 'msg') {
      const f = { op: r.pick([1, 2]), size: size(), id: id() };
      if (r.chance(0.3)) f.parts = r.int(2, 5);
      if (f.parts && r.chance(0.4)) f.between = true;
      // Longer ones may still be inflated when a barrier is passed.
      if (deflate && r.chance(0.7) && (ctx.racy || f.size <= 70000)) {
        f.compress = true;
      }
      if (f.op === 2 && r.chance(0.3)) f.kind = 'random';
      frames.push(f);
    } else if (k === 'ping' || k === 'pong') {
      frames.push({
        op: k === 'ping' ? 9 : 10,
        size: r.pick([0, 1, 125, 30]),
        id: id()
      });
    } else if (k === 'many') {
      const m = r.pick([3, 10, 64, 65, 130]);
      const s = r.pick([0, 1, 20, 125, 126]);
      const compress = deflate && r.chance(0.3);
      for (let j = 0; j < (ctx.small ? 3 : m); j++) {
        frames.push({
          op: r.pick([1, 2]),
          size: s,
          id: id(),
          ...(compress ? { compress } : {})
        });
      }
    } else {
      const m = r.pick([3, 10, 20]);
      for (let j = 0; j < m; j++) frames.push({ op: 9, size: 4, id: id() });
    }
  }
  return frames;
}

/** Small frames in one write, and listeners that do everything but send. */
export function peerStep(ctx, c) {
  const { r, id, peer, nconn } = ctx;
  const b = { c, e: 'b' };

  if (peer !== 'raw') {
    // The peer is a WebSocket as well.
    const k = r.weigh([
      [60, 'send'],
      [10, 'burst'],
      [10, 'ping'],
      [8, 'pause'],
      [8, 'resume'],
      [3, 'close'],
      [6, 'react']
    ]);
    return wsStep(ctx, c, 'b', k);
  }

  const k = r.weigh([
    [46, 'frames'],
    [9, 'pauseRead'],
    [9, 'resumeRead'],
    [7, 'bad'],
    [5, 'close'],
    [3, 'fin'],
    [3, 'rst'],
    [4, 'partial'],
    [16, 'hold'],
    [nconn > 1 ? 10 : 0, 'all']
  ]);

  switch (k) {
    case 'frames': {
      const step = { ...b, op: 'frames', frames: framesFor(ctx, r.int(1, 4)) };
      if (r.chance(0.4)) {
        step.split = r.int(1, 1e9);
        step.pieces = r.int(1, 8);
      }
      return [step];
    }
    case 'all': {
      const steps = [];
      for (let i = 0; i < nconn; i++) {
        steps.push({
          c: i,
          e: 'b',
          op: 'frames',
          frames: [{ op: 1, size: r.pick(SMALL), id: id() }]
        });
      }
      return steps;
    }
    case 'hold': {
      const steps = [
        {
          ...b,
          op: 'hold',
          frames: framesFor(ctx, r.int(1, 3)),
          part: r.next()
        }
      ];
      if (r.chance(0.4)) steps[0].bytes = r.int(1, 16);
      const n = r.int(1, 3);
      for (let i = 0; i < n; i++) {
        const more = sutStep(ctx, c);
        if (!more.some(endsSomething)) steps.push(...more);
        if (r.chance(0.4)) {
          steps.push({
            op: r.pick(['tick', 'immediate', 'quiesce']),
            id: id()
          });
        }
      }
      steps.push({ ...b, op: 'release' });
      return steps;
    }
    case 'pauseRead':
      ctx.paused.add(c);
      return [{ ...b, op: 'pauseRead' }];
    case 'resumeRead':
      ctx.paused.delete(c);
      return [{ ...b, op: 'resumeRead' }];
    case 'bad': {
      const bad = { bad: r.pick(VIOLATIONS), size: 0 };
      if (bad.bad === 'close-code') {
        bad.code = r.pick([
          0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535
        ]);
      }
      if (bad.bad === 'long-form') bad.code = r.pick([16, 64]);
      if (bad.bad === 'deflate-bomb') {
        bad.size = r.pick([2000, 300000, 2000000]);
      }
      if (bad.bad === 'many-fragments') bad.size = r.pick([3, 12, 300]);
      const frames = [];
      if (r.chance(0.5)) frames.push(...framesFor(ctx, r.int(1, 2)));
      frames.push(bad);
      if (r.chance(0.5)) frames.push(...framesFor(ctx, r.int(1, 2)));
      const step = { ...b, op: 'frames', frames };
      if (r.chance(0.3)) {
        step.split = r.int(1, 1e9);
        step.pieces = r.int(1, 6);
      }
      return [step];
    }
    case 'close': {
      const frames = [];
      if (r.chance(0.5)) frames.push(...framesFor(ctx, r.int(1, 2)));
      frames.push({
        close: r.pick([0, 1000, 1001, 1003, 1011, 3000, 4999]),
        reason: ''
      });
      const last = frames[frames.length - 1];
      if (last.close && r.chance(0.5)) {
        last.reason = r.pick(['bye', 'ciao ✓', 'x'.repeat(123)]);
      }
      if (r.chance(0.3)) frames.push(...framesFor(ctx, 1));
      return r.chance(0.3)
        ? [
            { ...b, op: 'frames', frames },
            { ...b, op: 'fin' }
          ]
        : [{ ...b, op: 'frames', frames }];
    }
    case 'fin':
      return r.chance(0.5)
        ? [
            { ...b, op: 'frames', frames: framesFor(ctx, r.int(1, 2)) },
            { ...b, op: 'fin' }
          ]
        : [{ ...b, op: 'fin' }];
    case 'rst':
      // What was in flight either way is a matter of chance: let it rest before.
      return [
        { ...b, op: 'resumeRead' },
        { op: 'quiesce', id: id() },
        { ...b, op: 'rst' },
        { op: 'quiesce', id: id() }
      ];
    case 'partial':
      return [
        {
          ...b,
          op: 'partial',
          frames: [
            {
              op: r.pick([1, 2]),
              size: ctx.size() + 3,
              id: id(),
              ...(ctx.deflate ? { compress: true } : {})
            }
          ],
          part: r.next()
        },
        { op: 'quiesce', id: id() },
        r.chance(0.6) ? { ...b, op: 'fin' } : { ...b, op: 'rst' }
      ];
    default:
      throw new Error(k);
  }
}
