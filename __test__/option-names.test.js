'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const {
  BroadcastChannelAdapter,
  NatsAdapter,
  RedisAdapter,
  Topics,
  WebSocket,
  WebSocketServer
} = require('..');
const checkNames = require('../lib/option-names');

/** As far as adapters look before they do anything. */
const nats = {
  flush() {},
  isClosed() {},
  publish() {},
  status() {},
  subscribe() {}
};

describe('Names of options', () => {
  it('are all known, or the error says which there are', () => {
    const known = ['interval', 'timeout'];
    const errorOf = (options) => {
      let message;

      try {
        checkNames(options, known, 'A clock has no');
      } catch (err) {
        assert.strictEqual(err.constructor, TypeError);
        ({ message } = err);
      }
      return message;
    };

    assert.strictEqual(errorOf({ interval: 1, timeout: 2 }), undefined);
    assert.strictEqual(errorOf({ other: undefined }), undefined);
    assert.strictEqual(
      errorOf({ interval: 1, timout: 2 }),
      'A clock has no "timout"; did you mean "timeout"?'
    );
    assert.strictEqual(
      errorOf({ Intervall: 1 }),
      'A clock has no "Intervall"; did you mean "interval"?'
    );
    assert.strictEqual(
      errorOf({ seconds: 1 }),
      'A clock has no "seconds"; there are interval, timeout'
    );
  });

  it('are an object', () => {
    for (const make of [
      () => new RedisAdapter({}, 'chat:'),
      () => new NatsAdapter(nats, 'chat.'),
      () => new BroadcastChannelAdapter('chat')
    ]) {
      assert.throws(make, {
        message: /^Options are an object like \{ \w+: … \}, not string$/,
        name: 'TypeError'
      });
    }
    assert.throws(() => new BroadcastChannelAdapter(null), /not null$/);
  });

  const misspelt = {
    'heartbeat of a server': () =>
      new WebSocketServer({
        heartbeat: { interval: 1000, timout: 100 },
        noServer: true
      }),
    'heartbeat of a client': () =>
      new WebSocket('ws://localhost:1', {
        heartbeat: { interval: 1000, timout: 100 }
      }),
    Topics: () => new Topics({ adaptor: {} }),
    'a RedisAdapter': () => new RedisAdapter({}, { prefx: 'a:' }),
    'a NatsAdapter': () => new NatsAdapter(nats, { perfix: 'a.' }),
    'a BroadcastChannelAdapter': () => new BroadcastChannelAdapter({ nam: 'a' })
  };

  for (const [title, make] of Object.entries(misspelt)) {
    it(`may not be misspelt (${title})`, () => {
      assert.throws(make, { message: /did you mean "/, name: 'TypeError' });
    });
  }
});
