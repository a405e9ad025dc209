'use strict';

const assert = require('node:assert');
const { before, describe, it } = require('node:test');

const { fuzzerIn } = require('./support/fuzzer');

const { load } = fuzzerIn();

/** A scenario in which nothing ends. */
const CALM = { options: {}, steps: [], transport: 'tcp' };

describe('isOfMode()', () => {
  let isOfMode;

  before(async () => {
    ({ isOfMode } = await load('compare', 'modes.mjs'));
  });

  const threads = { threads: true, ownTls: false };
  const ownTls = { threads: false, ownTls: true };
  const none = { threads: false, ownTls: false };

  it('lets pongs of threads come before other frames, and no later', () => {
    const is = (theirs, mine, modes = threads) =>
      isOfMode('c0b.wire', theirs, mine, CALM, modes);
    const theirs = ['frame a', 'pong 1', 'frame b', 'pong 2'];

    assert.ok(is(theirs, ['pong 1', 'frame a', 'pong 2', 'frame b']));
    assert.ok(!is(theirs, ['frame a', 'frame b', 'pong 1', 'pong 2']));
    assert.ok(!is(theirs, ['pong 2', 'frame a', 'pong 1', 'frame b']));
    assert.ok(!is(theirs, ['pong 1', 'frame b', 'pong 2', 'frame a']));
    assert.ok(!is(theirs, ['pong 1', 'frame a', 'frame b']));
    assert.ok(!is(theirs, ['pong 1', 'frame a', 'pong 2', 'frame b'], none));
  });

  it('lets threads have read more of what a reset is behind', () => {
    const scenario = (end) => ({
      ...{ ...CALM, atOnce: true },
      steps: [{ op: 'atOnce', end }]
    });
    const is = (theirs, mine, end = 'rst', modes = threads) =>
      isOfMode('c0a.rx', theirs, mine, scenario(end), modes);
    const more = ['open', 'message a', 'ping b', 'close'];

    assert.ok(is(['open', 'message a', 'close'], more));
    assert.ok(!is(['open', 'ping b', 'close'], more));
    assert.ok(!is(more, ['open', 'message a', 'close']));
    assert.ok(!is(['open', 'message a', 'close'], more, 'fin'));
    assert.ok(!is(['open', 'message a', 'close'], more, 'rst', none));
  });

  it('lets TLS of our own hand out records that Node hands out one by one', () => {
    const is = (theirs, mine, apart = true) =>
      isOfMode(
        ...['c0a.rx', theirs, mine],
        {
          ...{ ...CALM, atOnce: true, transport: 'tls' },
          steps: [{ op: 'terminate' }, { op: 'atOnce', apart, end: 'fin' }]
        },
        ownTls
      );

    assert.ok(is(['message a', 'close'], ['message a', 'ping b', 'close']));
    assert.ok(!is(['message a', 'ping b', 'close'], ['message a', 'close']));
    assert.ok(
      !is(['message a', 'close'], ['message a', 'ping b', 'close'], false)
    );
  });

  it('lets TLS of our own have nothing queued where that of Node has', () => {
    const is = (theirs, mine, transport = 'tls', modes = ownTls) =>
      isOfMode('c0a.odd', theirs, mine, { ...CALM, transport }, modes);
    const some = ['1 state 1 buffered some'];
    const zero = ['1 state 1 buffered 0'];

    assert.ok(is(some, zero));
    assert.ok(!is(zero, some));
    assert.ok(!is(some, ['1 state 2 buffered 0']));
    assert.ok(is([...some, ...some], [...zero, ...some]));
    assert.ok(!is(some, zero, 'tcp'));
    assert.ok(!is(some, zero, 'tls', none));
  });

  it('lets TLS of our own have written what that of Node is yet to write', () => {
    const is = (stream, theirs, mine) =>
      isOfMode(stream, theirs, mine, { ...CALM, transport: 'tls' }, ownTls);
    const refused = '2 Error/Error  WebSocket is not open';
    const lost = '1 Error/Error ERR_STREAM_DESTROYED x';

    assert.ok(is('c0a.cb', [refused, '1 ok'], ['1 ok', refused]));
    assert.ok(is('c0a.cb', [refused, lost], ['1 ok', refused]));
    assert.ok(!is('c0a.cb', ['1 ok'], [lost]));
    assert.ok(!is('c0a.cb', ['1 ok', '2 ok'], ['1 ok', '1 ok']));
    assert.ok(is('c0a.state', ['#1 state 1 drained'], ['#1 state 1']));
    assert.ok(!is('c0a.state', ['#1 state 2 drained'], ['#1 state 1']));
  });

  it('lets callbacks of streams come a tick later, and no event', () => {
    const is = (mine, modes = { ...none, stream: true }) =>
      isOfMode(
        ...['c0a.story', ['ping a', 'cb 1 ok', 'does read ', 'message b']],
        ...[mine, { ...CALM, inside: true }, modes]
      );

    assert.ok(is(['ping a', 'does read ', 'cb 1 ok', 'message b']));
    assert.ok(!is(['message b', 'does read ', 'cb 1 ok', 'ping a']));
    assert.ok(!is(['ping a', 'does read ', 'message b']));
    assert.ok(!is(['ping a', 'does read ', 'cb 1 ok', 'message b'], none));
  });

  it('lets what threads have read ahead come in the context of resume()', () => {
    const is = (theirs, mine, modes = threads) =>
      isOfMode('c0a.context', [theirs], [mine], CALM, modes);

    assert.ok(is('message in none', 'message in resume'));
    assert.ok(!is('message in none', 'message in send'));
    assert.ok(!is('message in none', 'message in resume', none));
  });
});
