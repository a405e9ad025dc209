// Steps of a scenario in which nothing is sent.
import { VIOLATIONS } from './sizes.mjs';
import { wsStep } from './websocket-steps.mjs';

export function receiveStep(ctx, c) {
  const { r, id } = ctx;
  const a = { c, e: 'a' };
  const doing = (depth) => {
    const k = r.weigh([
      [5, 'terminate'],
      [4, 'sockDestroy'],
      [2, 'sockDestroyErr'],
      [2, 'sockEnd'],
      [6, 'close'],
      [8, 'pause'],
      [6, 'binaryType'],
      [6, 'listen'],
      [4, 'unlisten'],
      [4, 'touch'],
      [depth > 0 ? 0 : 5, 'later'],
      [3, 'event']
    ]);
    switch (k) {
      case 'terminate':
        return { ...a, op: 'terminate' };
      case 'sockDestroy':
      case 'sockDestroyErr':
      case 'sockEnd':
        return { ...a, op: 'touch', what: k };
      case 'close':
        return { ...a, op: 'close', code: 1000 };
      case 'pause':
        return { ...a, op: r.pick(['pause', 'pause', 'resume']) };
      case 'binaryType':
        return {
          ...a,
          op: 'binaryType',
          value: r.pick(['nodebuffer', 'arraybuffer', 'fragments', 'blob'])
        };
      case 'listen':
        return wsStep(ctx, c, 'a', 'listen').map((s) => ({
          ...s,
          do: undefined
        }))[0];
      case 'unlisten':
        return wsStep(ctx, c, 'a', 'unlisten')[0];
      case 'event':
        return wsStep(ctx, c, 'a', 'event')[0];
      case 'later':
        return {
          ...{ ...a, op: r.pick(['nextTick', 'microtask', 'immediately']) },
          step: doing(1)
        };
      default: {
        const list = [
          'receiver',
          'onClose',
          'unref',
          'ref',
          'setTimeout',
          'bytes'
        ];
        if (!ctx.limits.forcedLoop) {
          list.push(
            'data',
            'undata',
            'readable',
            'unreadable',
            'rawPipe',
            'unrawPipe',
            'deaf'
          );
        }
        return { ...a, op: 'touch', what: r.pick(list) };
      }
    }
  };
  const frames = () => {
    const list = [];
    for (let i = r.int(1, 6); i > 0; i--) {
      const k = r.weigh([
        [10, 'msg'],
        [3, 'ping'],
        [1, 'pong'],
        [1, 'close'],
        [1, 'bad']
      ]);
      if (k === 'msg') {
        const f = {
          op: r.pick([1, 2]),
          size: r.pick([0, 1, 20, 125, 126, 1000]),
          id: id()
        };
        if (r.chance(0.3)) f.parts = r.int(2, 4);
        if (ctx.deflate && r.chance(0.3)) f.compress = true;
        list.push(f);
      } else if (k === 'close') {
        list.push({ close: r.pick([0, 1000, 4000]), reason: '' });
      } else if (k === 'bad') {
        list.push({
          bad: r.pick(VIOLATIONS.filter((v) => !/deflate|many/.test(v))),
          code: 1005,
          size: 0
        });
      } else {
        list.push({
          op: k === 'ping' ? 9 : 10,
          size: r.pick([0, 3, 125]),
          id: id()
        });
      }
    }
    return list;
  };
  const k = r.weigh([
    [10, 'frames'],
    [8, 'react'],
    [5, 'do'],
    [2, 'resume'],
    [1, 'fin'],
    [1, 'rst']
  ]);
  if (k === 'frames') return [{ c, e: 'b', op: 'frames', frames: frames() }];
  if (k === 'resume') return [{ ...a, op: 'resume' }];
  if (k === 'fin' || k === 'rst') {
    return [
      { op: 'quiesce', id: id() },
      { c, e: 'b', op: k },
      { op: 'quiesce', id: id() }
    ];
  }
  if (k === 'do') return [{ op: 'quiesce', id: id() }, doing(0)];
  const reaction = {
    on: r.weigh([
      [8, 'message'],
      [2, 'ping'],
      [1, 'close'],
      [1, 'error']
    ]),
    times: r.pick([1, 1, 3]),
    do: [doing(0)]
  };
  if (r.chance(0.4)) reaction.from = r.int(2, 4);
  if (r.chance(0.3)) reaction.do.push(doing(0));
  return [{ ...a, op: 'react', reaction }];
}
