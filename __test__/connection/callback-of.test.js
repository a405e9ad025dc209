'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { until } = require('../support/loop');
const { closeOf, openPair } = require('../support/pairs');

const SENDS = {
  send: (ws, callback) => ws.send('no', {}, callback),
  'send() of bytes': (ws, callback) => ws.send(Buffer.from('no'), {}, callback),
  'send() with compression': (ws, callback) =>
    ws.send('no'.repeat(1000), { compress: true }, callback),
  'send() of a blob': (ws, callback) => ws.send(new Blob(['no']), {}, callback),
  ping: (ws, callback) => ws.ping('no', undefined, callback),
  pong: (ws, callback) => ws.pong('no', undefined, callback)
};

/** What programs call past the WebSocket. */
const OF_THE_SENDER = {
  send: (sender, callback) => sender.send('no', {}, callback),
  ping: (sender, callback) => sender.ping('no', false, callback),
  pong: (sender, callback) => sender.pong('no', false, callback),
  close: (sender, callback) => sender.close(1000, 'no', false, callback),
  sendFrame: (sender, callback) =>
    sender.sendFrame([Buffer.from('\x81\x02'), 'no'], callback)
};

describe('A callback that is no function', () => {
  for (const name of Object.keys(SENDS)) {
    it(`has ${name} throw what ws throws, and nothing is sent`, async (t) => {
      const { client, peer } = await openPair(t, {
        server: { perMessageDeflate: true }
      });
      const log = [];

      for (const event of ['message', 'ping', 'pong']) {
        client.on(event, (data) => log.push(`${event} ${data}`));
      }
      for (const [callback, text] of [
        [5, '5'],
        ['x', 'x'],
        [{ a: 1 }, '{ a: 1 }'],
        [[], '[]'],
        [true, 'true'],
        [Symbol('s'), 'Symbol(s)']
      ]) {
        assert.throws(() => SENDS[name](peer, callback), {
          code: 'ERR_UNKNOWN_ENCODING',
          constructor: TypeError,
          message: `Unknown encoding: ${text}`
        });
      }

      peer.send('yes');
      await once(client, 'message');
      assert.deepStrictEqual(log, ['message yes']);
    });

    it(`is nobody for ${name} if it is nothing, or an encoding`, async (t) => {
      const { client, peer } = await openPair(t, {
        server: { perMessageDeflate: true }
      });

      const got = [];

      client.on('message', (data) => got.push(String(data)));
      for (const callback of [null, 0, '', false, 'utf8', 'LATIN1', 'buffer']) {
        SENDS[name](peer, callback);
      }
      peer.send('yes');
      await until(() => got.includes('yes'));
      assert.strictEqual(peer.readyState, peer.OPEN);
    });

    it(`has ${name} throw what nextTick() throws once it is closing`, async (t) => {
      const { peer } = await openPair(t);

      peer.close();
      assert.throws(() => SENDS[name](peer, 5), {
        code: 'ERR_INVALID_ARG_TYPE'
      });
    });
  }

  it('is met when a blob has been read that is not compressed', async (t) => {
    const { client, peer } = await openPair(t);
    const log = [];

    client.on('message', (data) => log.push(`message ${data}`));
    peer.on('error', ({ code, message }) => log.push(`${code} ${message}`));
    peer.send(new Blob(['no']), {}, 5);
    peer.send('nor this', ({ code }) => log.push(`behind: ${code}`));
    log.push('sent');

    assert.strictEqual((await closeOf(peer))[0], 1006);
    assert.deepStrictEqual(log, [
      'sent',
      'behind: ERR_UNKNOWN_ENCODING',
      'ERR_UNKNOWN_ENCODING Unknown encoding: 5'
    ]);
  });

  for (const name of Object.keys(OF_THE_SENDER)) {
    it(`has ${name}() of the sender throw it, too`, async (t) => {
      const { client, peer } = await openPair(t);
      const got = [];

      client.on('message', (data) => got.push(String(data)));
      assert.throws(() => OF_THE_SENDER[name](peer._sender, [1, 2]), {
        code: 'ERR_UNKNOWN_ENCODING'
      });
      peer.send('yes');
      await until(() => got.includes('yes'));
      assert.deepStrictEqual(got, ['yes']);
    });
  }

  it('is found only behind a payload that is none', async (t) => {
    const { peer } = await openPair(t);

    for (const name of ['ping', 'pong']) {
      assert.throws(() => peer[name](Buffer.alloc(126), false, 5), RangeError);
      assert.throws(() => peer[name]({}, false, 5), {
        code: 'ERR_INVALID_ARG_TYPE'
      });
    }
  });
});
