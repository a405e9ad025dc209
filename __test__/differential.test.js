'use strict';

const assert = require('node:assert');
const { before, describe, it } = require('node:test');

const { faultyWs, fuzzerIn } = require('./support/fuzzer');

const { fuzz, load } = fuzzerIn();

/** A scenario of one connection in which nothing ends. */
const CALM = {
  conns: [{}],
  finish: 'fin',
  options: {},
  peer: 'raw',
  steps: []
};
/** One that is destroyed with something under way. */
const ENDED = { ...CALM, steps: [{ op: 'terminate' }] };

describe('npm run test:differential', () => {
  it('finds no difference from ws in 25 scenarios', () => {
    const { report, status } = fuzz('--seed', '300', '--runs', '25');

    assert.strictEqual(status, 0, report);
    assert.match(report, /^25 scenarios, 0 mismatches/m);
  });

  it('finds a byte that a package loses', (t) => {
    const folder = faultyWs(
      t,
      `const { send } = ws.prototype;
       ws.prototype.send = function (data, ...rest) {
         const cut = Buffer.isBuffer(data) && data.length > 100;
         return send.call(this, cut ? data.subarray(1) : data, ...rest);
       };`
    );
    const { report, status } = fuzz('--runs', '8', '--impl', folder);

    assert.strictEqual(status, 1, report);
    assert.match(report, /=== MISMATCH seed \d+ \(.*b\.(wire|rx)/);
  });
});

describe('differing()', () => {
  let differing;

  before(async () => {
    ({ differing } = await load('compare', 'differing.mjs'));
  });

  const streams = (scenario, ref, mine) =>
    differing(scenario, [{ 'c0b.wire': ref }], { 'c0b.wire': mine });

  it('names the streams whose lines are not the same', () => {
    assert.deepStrictEqual(streams(CALM, ['a', 'b'], ['a', 'b']), []);
    assert.deepStrictEqual(streams(CALM, ['a', 'b'], ['b', 'a']), ['c0b.wire']);
    assert.deepStrictEqual(streams(CALM, ['a'], []), ['c0b.wire']);
  });

  it('lets more be written of what ws had half written when it ended', () => {
    const ref = ['a', 'a part of a frame'];

    assert.deepStrictEqual(streams(ENDED, ref, ['a', 'b', 'c']), []);
    assert.deepStrictEqual(streams(ENDED, ref, ['a']), []);
    assert.deepStrictEqual(streams(ENDED, ref, []), ['c0b.wire']);
    assert.deepStrictEqual(streams(CALM, ref, ['a', 'b']), ['c0b.wire']);
  });

  it('lets more be written of what was joined, over the TLS of Node', () => {
    const tls = { ...ENDED, transport: 'tls' };

    assert.deepStrictEqual(streams(tls, ['a'], ['a', 'b']), []);
    assert.deepStrictEqual(streams(tls, ['a'], ['b']), ['c0b.wire']);
    assert.deepStrictEqual(streams(tls, ['a', 'b'], ['a']), ['c0b.wire']);
    assert.deepStrictEqual(streams(ENDED, ['a'], ['a', 'b']), ['c0b.wire']);

    const lost = '1 Error/Error ERR_STREAM_DESTROYED x after close';
    const callbacks = (ref, mine) =>
      differing(tls, [{ 'c0a.cb': [ref] }], { 'c0a.cb': [mine] });

    assert.deepStrictEqual(callbacks(lost, '1 ok after close'), []);
    assert.deepStrictEqual(callbacks('1 ok after close', lost), ['c0a.cb']);
  });

  it('lets success end some callbacks earlier or later in a flood', () => {
    const flood = {
      ...ENDED,
      steps: [{ op: 'send', size: 1000000 }, ...ENDED.steps]
    };
    const dropped = (id) => `${id} Error/Error ERR_STREAM_DESTROYED x`;
    const callbacks = (scenario, ref, mine) =>
      differing(scenario, [{ 'c0a.cb': ref }], { 'c0a.cb': mine });
    const ref = ['1 ok', dropped(2), dropped(3)];
    const more = ['1 ok', '2 ok', dropped(3)];

    assert.deepStrictEqual(callbacks(flood, ref, more), []);
    assert.deepStrictEqual(callbacks(flood, more, ref), []);
    assert.deepStrictEqual(callbacks(ENDED, ref, more), ['c0a.cb']);
    assert.deepStrictEqual(
      callbacks(flood, ref, ['1 ok', dropped(2), '3 ok']),
      ['c0a.cb']
    );
  });

  it('knows what was sent behind the end from what was dropped by it', () => {
    const dropped = (id) => `${id} Error/Error ERR_STREAM_DESTROYED x`;
    const compare = (...steps) =>
      differing(
        { ...CALM, steps: [{ op: 'send', size: 1000000 }, ...steps] },
        [{ 'c0a.cb': [dropped(2), '1 ok'] }],
        { 'c0a.cb': [dropped(2), dropped(1)] }
      );
    const end = { c: 0, e: 'a', op: 'terminate' };
    const write = { c: 0, e: 'a', op: 'sockWrite', id: 2 };

    assert.deepStrictEqual(compare(end, write), []);
    assert.deepStrictEqual(compare(write, end), ['c0a.cb']);
  });

  it('lets the first frame behind a failed write have its error, over TLS', () => {
    const tls = { ...CALM, transport: 'tls' };
    const failed = (id) => `${id} Error/Error EPIPE write EPIPE`;
    const canceled = '1 Error/Error ECANCELED write ECANCELED';
    const compare = (ref, mine, scenario = tls) =>
      differing(scenario, [{ 'c0a.cb': ref }], { 'c0a.cb': mine });
    const mine = ['0 ok', failed(1), failed(2)];

    for (const line of ['1 ok', canceled]) {
      const ref = ['0 ok', line, failed(2)];

      assert.deepStrictEqual(compare(ref, mine), []);
      assert.deepStrictEqual(compare(ref, mine, CALM), ['c0a.cb']);
      assert.deepStrictEqual(compare(mine, ref), ['c0a.cb']);
    }
    assert.deepStrictEqual(compare(['0 ok', '1 ok', '2 ok'], mine), ['c0a.cb']);
    assert.deepStrictEqual(
      compare(
        ['0 ok', '1 ok', failed(2)],
        ['0 ok', '1 Error/Error  x', failed(2)]
      ),
      ['c0a.cb']
    );
  });

  it('lets a stream miss messages that were taken, where ws took none', () => {
    const of = (own, ...stream) => ({ 'c0a.stream': stream, 'c0a.own': own });
    const pool = ['transfer of a pool'];
    const taken = ['transfer 1 x, left 0'];
    const compare = (mine) =>
      differing(CALM, [of(pool, 'data 1 x', 'data 2 y', 'end')], mine);

    assert.deepStrictEqual(compare(of(taken, 'data 2 y', 'end')), []);
    assert.deepStrictEqual(
      compare(of(taken, 'data 0 da39a3ee', 'data 2 y', 'end')),
      []
    );
    for (const lost of [
      of(pool, 'data 2 y', 'end'),
      of(taken, 'end'),
      of(taken, 'data 2 y'),
      of(taken, 'data 3 z', 'end')
    ]) {
      assert.deepStrictEqual(compare(lost), ['c0a.stream']);
    }
  });

  it("lets the stream of ws-rs say 'close', where ws says nothing more", () => {
    const of = (...stream) => ({ 'c0a.stream': stream });
    const compare = (ref, mine) => differing(CALM, [of(...ref)], of(...mine));

    assert.deepStrictEqual(
      compare(['end', 'iterated 1 x'], ['end', 'close', 'iterated 1 x']),
      []
    );
    assert.deepStrictEqual(compare(['end', 'close'], ['end']), ['c0a.stream']);
  });

  it('lets a stream end or not that holds what was taken', () => {
    const of = (own, ...stream) => ({ 'c0a.stream': stream, 'c0a.own': own });
    const taken = ['transfer 1 x, left 0'];
    const compare = (own) =>
      differing(CALM, [of(own, 'data 1 x', 'end')], of(own, 'data 1 x'));

    assert.deepStrictEqual(compare(taken), []);
    assert.deepStrictEqual(compare(['clone 1 x']), ['c0a.stream']);
  });

  it('lets either of two frames tell of the reset that is behind what came', () => {
    const compare = (scenario, ...codes) => {
      const [ref, mine] = codes.map((code) => ({
        'c0a.story': [`cb 1 Error/Error ${code} write ${code} (state 1)`]
      }));

      return differing(scenario, [ref], mine);
    };
    const atOnce = { ...CALM, atOnce: true };

    assert.deepStrictEqual(compare(atOnce, 'EPIPE', 'ECONNRESET'), []);
    assert.deepStrictEqual(compare(atOnce, 'EPIPE', 'ECANCELED'), [
      'c0a.story'
    ]);
    assert.deepStrictEqual(compare(CALM, 'EPIPE', 'ECONNRESET'), ['c0a.story']);
  });

  it('asks nothing of what comes behind a listener that is none', () => {
    const odd = { ...CALM, steps: [{ op: 'odd' }] };
    const proc = ['uncaught  listener.call is not a function'];
    const compare = (scenario) =>
      differing(scenario, [{ 'c0a.rx': ['never closed'], proc }], {
        'c0a.rx': ['close 1006 ""'],
        proc
      });

    assert.deepStrictEqual(compare(odd), []);
    assert.deepStrictEqual(compare(CALM), ['c0a.rx']);
  });

  it('lets nothing be missing that ws had written whole', () => {
    assert.deepStrictEqual(streams(ENDED, ['a', 'b'], ['a']), ['c0b.wire']);
  });

  it('forgives ws a message that it makes up before an error, and no other', () => {
    const sent = ['["text 5 aaaa"]'];
    const of = (...lines) => ({ 'c0a.rx': lines, 'c0b.sent': sent });
    const compare = (ref, mine) => differing(CALM, [ref], mine);
    const mine = of('open', 'error x', 'close');

    assert.deepStrictEqual(
      compare(of('open', 'message text 8 bbbb', 'error x', 'close'), mine),
      []
    );
    for (const message of ['message text 5 aaaa', 'ping 5 aaaa']) {
      assert.deepStrictEqual(
        compare(of('open', message, 'error x', 'close'), mine),
        ['c0a.rx']
      );
    }
    // Of a stream in pieces it does not know what was sent.
    assert.deepStrictEqual(
      compare(
        of('message text 8 bbbb', 'error x'),
        of('message text 8 bbbb', 'error x')
      ),
      []
    );
  });

  it('asks what a raw peer could send only where nothing has failed', () => {
    const of = (sent, ...lines) => ({ 'c0a.rx': lines, 'c0b.sent': [sent] });
    const compare = (...lines) =>
      differing(CALM, [of('["a","b"]', ...lines)], of('["a"]', ...lines));

    assert.deepStrictEqual(compare('open', 'error x', 'close'), []);
    assert.deepStrictEqual(compare('open', 'close'), ['c0b.sent']);
  });
});

describe('--only inside', () => {
  it('finds a callback that comes a turn late', (t) => {
    const folder = faultyWs(
      t,
      `const { send } = ws.prototype;
       ws.prototype.send = function (data, options, callback) {
         const late = (then) =>
           typeof then === 'function'
             ? (...args) => setImmediate(then, ...args)
             : then;
         return send.call(this, data, late(options), late(callback));
       };`
    );
    const { report, status } = fuzz(
      ...['--only', 'inside', '--topology', 'tcp', '--runs', '6'],
      ...['--impl', folder]
    );

    assert.strictEqual(status, 1, report);
    assert.match(report, /=== MISMATCH seed \d+ \(.*a\.story/);
  });
});

describe('brokenRules()', () => {
  let brokenRules;

  before(async () => {
    ({ brokenRules } = await load('compare', 'rules.mjs'));
  });

  for (const [title, scenario, trace, rules] of [
    [
      'refuses a callback that is called twice',
      CALM,
      { 'c0a.cb': ['1 ok', '1 ok AGAIN'] },
      ['c0a.cb: 1 ok AGAIN']
    ],
    [
      'refuses a callback that never came while the connection lived',
      CALM,
      { 'c0a.cb': ['1 NEVER'] },
      ['c0a.cb: 1 NEVER']
    ],
    [
      'lets a callback be missing on a connection that ended',
      ENDED,
      { 'c0a.cb': ['1 NEVER'] },
      []
    ],
    [
      'refuses events behind close',
      CALM,
      { 'c0a.rx': ['close 1000 ""', 'ping 0 da39a3ee'] },
      ['c0a.rx: events behind close']
    ],
    [
      'refuses messages that the peer did not send',
      CALM,
      {
        'c0a.rx': ['message bin 1 00000001'],
        'c0b.sent': ['["bin 1 00000002"]']
      },
      ['c0a.rx: message 0 is bin 1 00000001, was sent as bin 1 00000002']
    ],
    [
      'refuses frames that the program did not send',
      ENDED,
      {
        'c0a.gave': ['1 00000001'],
        'c0b.wire': [
          'frame op2 rsv0 fin 1 00000001',
          'frame op2 rsv0 fin 1 00000002'
        ]
      },
      ['c0b.wire: frame op2 rsv0 fin 1 00000002']
    ]
  ]) {
    it(title, () => {
      assert.deepStrictEqual(brokenRules(scenario, trace), rules);
    });
  }
});

describe('partBehindLong()', () => {
  it('has nothing right behind a long message once the program may pause', async () => {
    const { partBehindLong } = await load('generate', 'behind-long.mjs');
    const long = { op: 2, size: 100000 };
    const short = { op: 1, size: 1 };
    const frames = (...list) => ({ c: 0, e: 'b', op: 'frames', frames: list });
    const stream = { c: 0, e: 'a', op: 'stream', read: 'none' };
    const rest = { op: 'quiesce', id: 7 };
    const part = (...steps) => {
      partBehindLong(steps, () => 7);
      return steps;
    };

    assert.deepStrictEqual(part(stream, frames(short, long, short)), [
      stream,
      frames(short, long),
      rest,
      frames(short)
    ]);
    assert.deepStrictEqual(part(stream, frames(long)), [
      stream,
      frames(long),
      rest
    ]);
    assert.deepStrictEqual(part(frames(long, short), stream), [
      frames(long, short),
      stream
    ]);
  });
});

describe('makeScenario()', () => {
  it('makes the same scenario of the same seed', async () => {
    const { makeScenario } = await load('generate', 'index.mjs');

    for (let seed = 1; seed <= 200; seed++) {
      assert.deepStrictEqual(makeScenario(seed), makeScenario(seed));
    }
    assert.notDeepStrictEqual(makeScenario(1).steps, makeScenario(2).steps);
  });

  it('takes TCP in place of Unix sockets where there are none', async () => {
    const { makeScenario } = await load('generate', 'index.mjs');
    const seeds = Array.from({ length: 200 }, (_, seed) => seed);
    const unix = seeds.filter((s) => makeScenario(s).transport === 'unix');

    assert.notStrictEqual(unix.length, 0);
    for (const seed of unix) {
      assert.strictEqual(makeScenario(seed, { noUnix: true }).transport, 'tcp');
    }
  });
});
