// Steps of a program with a WebSocket.
import { reactionStep, syncStep } from './nested-steps.mjs';
import {
  afterSteps,
  endingSteps,
  endStep,
  lookSteps,
  mischiefSteps,
  takeSteps,
  timeoutSteps
} from './ownership-steps.mjs';
import { SMALL } from './sizes.mjs';

const STREAM_OPTIONS = [
  ...[{}, {}, {}, { highWaterMark: 1000 }, { readableObjectMode: true }],
  ...[{ encoding: 'utf8' }, { allowHalfOpen: false }, { decodeStrings: false }],
  { highWaterMark: 2, readableObjectMode: true }
];

export function sendStep(ctx, c, e) {
  const { r, id, size, deflate } = ctx;
  const kind = r.weigh([
    [30, 'text'],
    [30, 'buffer'],
    [6, 'random'],
    [6, 'textbuffer'],
    [4, 'arraybuffer'],
    [4, 'view'],
    [3, 'dataview'],
    [6, 'blob'],
    [2, 'number'],
    [2, 'empty'],
    [2, 'array']
  ]);
  const step = { c, e, op: 'send', kind, size: size(), id: id() };
  if (r.chance(0.5)) step.cb = true;
  if (step.cb && ctx.racy && r.chance(0.2)) {
    step.cbDo = syncStep(ctx, c, e, true);
  }
  if (deflate && r.chance(0.2)) step.compress = false;
  if (r.chance(0.08)) step.binary = r.chance(0.5);
  if (ctx.peer === 'raw' && r.chance(0.03)) step.mask = r.chance(0.5);
  if (step.cb && !ctx.limits.noThrow && r.chance(0.03)) step.cbThrow = true;
  return step;
}

export function sutStep(ctx, c) {
  const { r } = ctx;
  const k = r.weigh([
    [34, 'send'],
    [8, 'burst'],
    [9, 'fragments'],
    [8, 'ping'],
    [3, 'pong'],
    [4, 'close'],
    [2.5, 'terminate'],
    [4, 'pause'],
    [5, 'resume'],
    [4, 'binaryType'],
    [5, 'listen'],
    [3, 'unlisten'],
    [4, 'event'],
    [16, 'react'],
    [4, 'sendFrame'],
    [4, 'sockWrite'],
    [11, 'touch'],
    [3, 'stream'],
    [4, 'streamStep'],
    [ctx.nconn > 1 ? 8 : 0, 'broadcast'],
    [ctx.role === 'server' ? (ctx.nconn > 1 ? 6 : 1) : 0, 'toAll'],
    [ctx.role === 'server' ? 1 : 0, 'clients'],
    [ctx.deflate || ctx.small ? 0 : 3, 'pump'],
    [3, 'corked'],
    [ctx.small ? 0 : 3, 'flood'],
    [4, 'ending'],
    [5, 'take'],
    [ctx.deflate || ctx.transport === 'duplex' ? 0 : 4, 'after'],
    [ctx.deflate ? 0 : 5, 'look'],
    [0.7, 'timeout'],
    [ctx.small || ctx.deflate ? 0 : ctx.nconn > 1 ? 6 : 2, 'mischief']
  ]);
  return wsStep(ctx, c, 'a', k);
}

export function wsStep(ctx, c, e, k) {
  const { r, id } = ctx;
  const at = { c, e };

  switch (k) {
    case 'send':
      return [sendStep(ctx, c, e)];
    case 'burst': {
      const big = !ctx.small && r.chance(0.25);
      const n = big ? r.int(3, 8) : r.pick([3, 10, 70, 200]);
      return [
        {
          ...at,
          op: 'burst',
          n: ctx.small ? 3 : n,
          kind: r.pick(['text', 'buffer']),
          sizes: big
            ? [ctx.size(), ctx.size(), 20, 16384]
            : [r.pick(SMALL), r.pick(SMALL), r.pick([125, 400, 6000])],
          id: id(),
          cb: r.chance(0.6),
          ...(!ctx.limits.noThrow && r.chance(0.05)
            ? { cbThrow: r.int(0, 2) }
            : {})
        }
      ];
    }
    case 'fragments': {
      const steps = [];
      const n = r.int(2, 4);
      const kind = r.pick(['text', 'buffer']);
      for (let i = 0; i < n; i++) {
        steps.push({
          ...at,
          op: 'send',
          kind,
          size: ctx.size(),
          id: id(),
          fin: i === n - 1,
          cb: r.chance(0.5)
        });
        if (r.chance(0.2)) steps.push({ ...at, op: 'ping', size: 5, id: id() });
        if (r.chance(0.2)) steps.push({ op: r.pick(['tick', 'immediate']) });
      }
      return steps;
    }
    case 'ping':
    case 'pong': {
      const step = { ...at, op: k, id: id(), cb: r.chance(0.5) };
      if (r.chance(0.8)) {
        step.size = r.weigh([
          [10, 0],
          [10, 4],
          [10, 125],
          [2, 126]
        ]);
      }
      return [step];
    }
    case 'close':
      return [closeStep(ctx, at)];
    case 'terminate':
      return [endStep(ctx, at)];
    case 'ending':
      return endingSteps(ctx, c, e);
    case 'take':
      return takeSteps(ctx, c);
    case 'after':
      return afterSteps(ctx, c, e);
    case 'look':
      return lookSteps(ctx, c, e);
    case 'timeout':
      return timeoutSteps(ctx, c, e);
    case 'mischief':
      return mischiefSteps(ctx, c);
    case 'pause':
      return [{ ...at, op: 'pause' }];
    case 'resume':
      return [{ ...at, op: 'resume' }];
    case 'binaryType':
      return [
        {
          ...at,
          op: 'binaryType',
          value: r.pick([
            'nodebuffer',
            'arraybuffer',
            'fragments',
            'blob',
            'nonsense'
          ])
        }
      ];
    case 'listen': {
      const step = {
        ...at,
        op: 'listen',
        type: r.weigh([
          [6, 'message'],
          [2, 'ping'],
          [2, 'close'],
          [1, 'error']
        ]),
        id: id(),
        how: r.pick(['on', 'once', 'prependListener'])
      };
      if (r.chance(0.3)) step.removeSelf = true;
      if (step.type === 'message' && r.chance(0.4)) {
        step.do = syncStep(ctx, c, e, true);
      }
      ctx.lastListener = step.id;
      return [step];
    }
    case 'unlisten':
      return [
        {
          ...at,
          op: r.pick(['unlisten', 'removeEventListener']),
          ref: ctx.lastListener ?? 0
        }
      ];
    case 'event': {
      const step = {
        ...at,
        op: 'addEventListener',
        type: r.pick(['message', 'message', 'close', 'error']),
        id: id(),
        once: r.chance(0.3),
        object: r.chance(0.2),
        attribute: r.chance(0.3)
      };
      ctx.lastListener = step.id;
      return [step];
    }
    case 'react': {
      const on = r.weigh([
        [60, 'message'],
        [14, 'ping'],
        [5, 'pong'],
        [8, 'close'],
        [4, 'error']
      ]);
      const reaction = {
        on,
        times: r.weigh([
          [5, 1],
          [3, 3],
          [2, 20]
        ]),
        do: []
      };
      if (r.chance(0.3)) reaction.from = r.int(2, 6);
      if (ctx.peer !== 'raw' && e === 'b') {
        reaction.times = Math.min(reaction.times, 3);
      }
      const n = r.int(1, 3);
      for (let i = 0; i < n; i++) {
        reaction.do.push(...reactionStep(ctx, c, e, on));
      }
      return [{ ...at, op: 'react', reaction }];
    }
    case 'sendFrame':
    case 'sockWrite':
      return [
        { ...at, op: k, size: ctx.size() + 1, id: id(), cb: r.chance(0.5) }
      ];
    case 'touch': {
      const list = [
        'setTimeout',
        'setTimeout0',
        'unref',
        'ref',
        'addresses',
        'noDelay',
        'keepAlive',
        'receiver',
        'sender',
        'bytes',
        'onClose',
        'drain',
        'listeners'
      ];
      if (!ctx.limits.forcedLoop) {
        list.push(
          'data',
          'undata',
          'data',
          'undata',
          'readable',
          'unreadable',
          'rawPipe',
          'unrawPipe'
        );
      }
      if (r.chance(0.2)) {
        return [
          { ...at, op: 'touch', what: 'sockPause' },
          { op: r.pick(['immediate', 'quiesce']), id: id() },
          { ...at, op: 'touch', what: 'sockResume' }
        ];
      }
      return [{ ...at, op: 'touch', what: r.pick(list) }];
    }
    case 'flood': {
      // More than the kernel takes, for a peer that does not read for a while.
      const steps = [];
      if (ctx.peer === 'raw') steps.push({ c, e: 'b', op: 'pauseRead' });
      steps.push({
        ...at,
        op: 'burst',
        n: ctx.transport === 'tcp' ? 45 : 12,
        kind: 'buffer',
        sizes: [
          r.pick([200000, 400000]),
          20,
          r.pick([16384, 65536]),
          r.pick([0, 1, 126])
        ],
        id: id(),
        cb: true
      });
      for (let i = r.int(0, 4); i > 0; i--) {
        if (r.chance(0.4)) {
          steps.push({
            op: r.pick(['tick', 'immediate', 'quiesce']),
            id: id()
          });
        }
        steps.push(...syncStep(ctx, c, e, true));
      }
      if (r.chance(0.3)) steps.push(...endingSteps(ctx, c, e));
      if (ctx.peer === 'raw') {
        steps.push(
          { op: 'quiesce', id: id() },
          { c, e: 'b', op: 'resumeRead' }
        );
      }
      return steps;
    }
    case 'corked':
      return [
        { ...at, op: 'touch', what: 'cork' },
        sendStep(ctx, c, e),
        sendStep(ctx, c, e),
        ...(r.chance(0.5) ? [{ op: r.pick(['tick', 'immediate']) }] : []),
        { ...at, op: 'touch', what: 'uncork' }
      ];
    case 'stream':
      return [
        {
          ...at,
          op: 'stream',
          read: r.pick(['data', 'echo', 'data', 'none', 'iterate']),
          options: r.pick(STREAM_OPTIONS)
        }
      ];
    case 'streamStep': {
      const what = r.weigh([
        [10, 'streamWrite'],
        [2, 'streamEnd'],
        [2, 'streamPause'],
        [3, 'streamResume']
      ]);
      return [
        {
          ...at,
          op: what,
          size: Math.max(1, ctx.size()),
          id: id(),
          cb: r.chance(0.5)
        }
      ];
    }
    case 'toAll':
      // What is written together, and what is not. Of long text a stream of ws
      // counts the units, and broadcast() has bytes.
      return Array.from({ length: r.pick([1, 1, 2, 5]) }, () => {
        const kind = r.pick(['text', 'buffer']);
        const most = kind === 'text' ? 16000 : 200000;

        return {
          ...{ ...at, op: k, kind, id: id() },
          size: ctx.small ? r.pick(SMALL) : Math.min(ctx.size(), most)
        };
      });
    case 'clients':
      return [{ ...at, op: k }];
    case 'pump':
      return [
        {
          ...{ ...at, op: k, id: id(), n: r.int(2, 12) },
          // Of text a stream of ws counts the units.
          kind: r.pick([ctx.transport === 'tls' ? 'buffer' : 'text', 'buffer']),
          size: r.pick([1000, 16383, 16384, 20000, 65536, 200000])
        }
      ];
    case 'broadcast': {
      const steps = [];
      const size = r.pick(SMALL);
      const cb = r.chance(0.3);
      for (let i = 0; i < ctx.nconn; i++) {
        steps.push({ c: i, e, op: 'send', kind: 'text', size, id: id(), cb });
      }
      return steps;
    }
    default:
      throw new Error(k);
  }
}

function closeStep(ctx, at) {
  const { r } = ctx;
  const step = { ...at, op: 'close' };
  if (r.chance(0.8)) {
    step.code = r.weigh([
      [6, 1000],
      [2, 1001],
      [2, 1011],
      [2, 3000],
      [2, 4999],
      [1, 1005],
      [1, 5000]
    ]);
    if (r.chance(0.5)) {
      step.reason = r.pick([
        'done',
        '✓ fine',
        'y'.repeat(123),
        'z'.repeat(124)
      ]);
    }
  }
  return step;
}

/** Something to be done in a listener or a callback: no yields. */
