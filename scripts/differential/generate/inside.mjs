// Scenarios of what programs do inside of listeners and callbacks: they send, end, pause
// and look, in callbacks of what they have sent in listeners, at once or a tick later. All
// that a program sees and does is one list.

const SIZES = [0, 1, 20, 125, 126, 1000, 4096, 16383, 16384, 65536];
const RECEIVED = [0, 1, 20, 125, 126, 1000, 4096, 13000];

/**
 * @param {Number} seed
 * @param {Object} r Random numbers
 * @param {Object} limits As for makeScenario()
 * @return {Object} A scenario
 */
export function makeInside(seed, r, { noThrow, noUnix, topology }) {
  const transport =
    topology ||
    r.weigh([
      [50, 'tcp'],
      [20, noUnix ? 'tcp' : 'unix'],
      [20, 'tls']
    ]);
  const role = r.chance(0.6) ? 'server' : 'client';
  const nconn = r.chance(0.8) ? 1 : 2;
  const options = { closeTimeout: 900, perMessageDeflate: false };
  let next = 1;
  const isServer = role === 'server';
  const ctx = { r, nconn, noThrow, isServer, id: () => next++ };

  if (r.chance(0.25)) options.allowSynchronousEvents = false;
  if (r.chance(0.2)) options.autoPong = false;

  const steps = [];

  for (let i = r.int(1, 4); i > 0; i--) {
    const c = r.int(0, nconn - 1);

    for (let n = r.int(1, 3); n > 0; n--) steps.push(listener(ctx, c));
    steps.push(...trigger(ctx, c), { op: 'quiesce', id: ctx.id() });
  }
  // What was paused for good is to be seen, too.
  for (let c = 0; c < nconn; c++) steps.push({ c, e: 'a', op: 'resume' });
  steps.push({ op: 'quiesce', id: ctx.id() });

  return {
    ...{ seed, inside: true, racy: false, transport, role, peer: 'raw' },
    ...{ deflate: null, options, peerOptions: { closeTimeout: 900 } },
    conns: Array.from({ length: nconn }, () => ({
      ...(r.chance(0.5) ? { watchStory: true } : {}),
      ...(r.chance(0.3) ? { noAutoClose: true } : {}),
      ...(r.chance(0.3) ? { onOpen: inner(ctx, 0, 1) } : {})
    })).map((conn, c) => ({ ...conn, ...at(conn.onOpen, c) })),
    ...{ steps, settle: true, noServer: r.chance(0.3), slowDuplex: false },
    finish: r.pick(['fin', 'fin', 'close', 'sutClose'])
  };
}

/** The steps of `'open'` are those of their own connection. */
function at(onOpen, c) {
  return onOpen && { onOpen: onOpen.map((step) => ({ ...step, c })) };
}

function listener(ctx, c) {
  const { r } = ctx;
  const on = r.weigh([
    [10, 'message'],
    [5, 'ping'],
    [2, 'pong'],
    [4, 'close'],
    [1, 'error']
  ]);

  return {
    ...{ c, e: 'a', op: 'react' },
    reaction: { on, times: r.pick([1, 1, 2, 5]), do: inner(ctx, c, 0) }
  };
}

/** What makes the listeners be called. */
function trigger(ctx, c) {
  const { r, id } = ctx;
  const peer = { c, e: 'b' };

  switch (
    r.weigh([
      [12, 'frames'],
      [5, 'send'],
      [1, 'close'],
      [1, 'fin']
    ])
  ) {
    case 'send':
      return inner(ctx, c, 0);
    case 'close':
      return [{ ...peer, op: 'frames', frames: [{ close: 1000, reason: '' }] }];
    case 'fin':
      return [{ ...peer, op: 'fin' }];
    default: {
      // Together less than a read of 64 KiB: what is behind that docs/api.md lets differ.
      const frames = Array.from({ length: r.int(1, 5) }, () =>
        r.weigh([
          [8, { op: r.pick([1, 2]), size: r.pick(RECEIVED), id: id() }],
          [4, { op: 9, size: 4, id: id() }],
          [1, { op: 10, size: 4, id: id() }]
        ])
      );

      if (r.chance(0.15)) frames.push({ close: 1000, reason: '' });
      return [{ ...peer, op: 'frames', frames }];
    }
  }
}

/** What is done in one place; what that leads to is done in callbacks. */
function inner(ctx, c, depth) {
  const { r, nconn } = ctx;
  const steps = [];

  for (let i = r.pick([1, 1, 2, 3]); i > 0; i--) {
    const other = nconn > 1 && r.chance(0.25) ? 1 - c : c;

    steps.push(...innerStep(ctx, other, depth));
  }
  return steps;
}

function innerStep(ctx, c, depth) {
  const { r, id, isServer, noThrow } = ctx;
  const a = { c, e: 'a' };
  const touch = (what) => [{ ...a, op: 'touch', what, id: id() }];
  const isDeep = depth > 2;
  const k = r.weigh([
    [16, 'send'],
    [4, 'ping'],
    [2, 'pong'],
    [2, 'close'],
    [2, 'terminate'],
    [3, 'pause'],
    [3, 'resume'],
    [5, 'read'],
    [2, 'binaryType'],
    [isDeep ? 0 : 6, 'later'],
    [2, 'once'],
    [1, 'removeAll'],
    [3, 'option'],
    [2, 'sockWrite'],
    [2, 'corked'],
    [2, 'sockPause'],
    [2, 'sockEnd'],
    [1, 'enter'],
    [isDeep ? 0 : 3, 'within'],
    [isServer ? 1 : 0, 'closeServer'],
    [noThrow ? 0 : 0.5, 'throw']
  ]);

  switch (k) {
    case 'send':
    case 'ping':
    case 'pong': {
      const step = { ...a, op: k, kind: r.pick(['text', 'buffer']), id: id() };

      step.size = r.pick(k === 'send' ? SIZES : [0, 4, 125]);
      step.cb = r.chance(0.7);
      if (step.cb && !isDeep && r.chance(0.4)) {
        step.cbDo = inner(ctx, c, depth + 1);
      }
      return [step];
    }
    case 'close':
      return [{ ...a, op: k, code: r.pick([undefined, 1000, 3000]) }];
    case 'binaryType':
      return [{ ...a, op: k, value: r.pick(['nodebuffer', 'arraybuffer']) }];
    case 'later':
      return [
        {
          ...{ ...a, op: r.pick(['nextTick', 'microtask', 'immediately']) },
          step: innerStep(ctx, c, depth + 1)[0]
        }
      ];
    case 'within':
      return [
        { ...{ ...a, op: k, id: id() }, step: innerStep(ctx, c, depth + 1)[0] }
      ];
    case 'once': {
      const type = r.pick(['message', 'ping', 'close']);
      const how = r.pick(['once', 'prependListener', 'on']);

      return [{ ...a, op: 'listen', type, how, id: id() }];
    }
    case 'option':
      return touch(
        r.pick(['noDelay', 'keepAlive', 'unref', 'ref', 'setTimeout', 'bytes'])
      );
    case 'sockWrite':
      return [{ ...a, op: k, size: 20, id: id(), cb: r.chance(0.5) }];
    case 'corked':
      return [
        ...touch('cork'),
        ...innerStep(ctx, c, 3),
        { ...a, op: 'nextTick', step: { ...a, op: 'touch', what: 'uncork' } }
      ];
    case 'sockPause':
      return touch(r.pick(['sockPause', 'sockResume', 'sockResume']));
    case 'sockEnd':
      return touch(
        r.pick(['sockEnd', 'sockEndData', 'sockDestroy', 'sockDestroySoon'])
      );
    default:
      return [{ ...a, op: k, id: id() }];
  }
}
