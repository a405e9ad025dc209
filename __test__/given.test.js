'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const vm = require('node:vm');

const given = require('../lib/given');
const { PerMessageDeflate, Topics, WebSocketServer } = require('..');

/** Runs a function while all objects have a property. */
function withForeign(name, value, run) {
  Object.defineProperty(Object.prototype, name, {
    __proto__: null,
    configurable: true,
    enumerable: true,
    value,
    writable: true
  });

  try {
    return run();
  } finally {
    delete Object.prototype[name];
  }
}

describe('An option that ws does not have', () => {
  it('is what the program has given.', () => {
    assert.strictEqual(given({ tls: 1 }, 'tls'), 1);
    assert.strictEqual(given({ tls: null }, 'tls', 2), null);
    assert.strictEqual(given(Object.create({ tls: 1 }), 'tls'), 1);
  });

  it('has its default without that.', () => {
    assert.strictEqual(given({}, 'tls', 2), 2);
    assert.strictEqual(given({ tls: undefined }, 'tls', 2), 2);
    assert.strictEqual(given(undefined, 'tls', 2), 2);
    assert.strictEqual(given(null, 'tls'), undefined);
  });

  it('is not what all objects have.', () => {
    withForeign('tls', 1, () => {
      assert.strictEqual(given({}, 'tls', 2), 2);
      assert.strictEqual(given({ tls: 3 }, 'tls'), 3);
      assert.strictEqual(given(Object.create(null), 'tls'), undefined);
    });
  });

  it('is not what all objects of another context have.', () => {
    const { inherited, none, own } = vm.runInNewContext(`
      Object.prototype.tls = 1;
      ({ inherited: Object.create({ tls: 3 }), none: {}, own: { tls: 2 } })
    `);

    assert.strictEqual(given(none, 'tls', 5), 5);
    assert.strictEqual(given(Object.create(none), 'tls', 5), 5);
    assert.strictEqual(given(own, 'tls'), 2);
    assert.strictEqual(given(inherited, 'tls'), 3);
  });

  it('is given by what an object without a prototype hands down, and by a Proxy.', () => {
    const base = { __proto__: null, tls: 1 };

    assert.strictEqual(given(Object.create(base), 'tls'), 1);
    assert.strictEqual(given(new Proxy({}, { get: () => 2 }), 'tls'), 2);
  });

  for (const name of [
    'accept',
    'heartbeat',
    'ioThreads',
    'maxBackpressure',
    'onBackpressure',
    'tls'
  ]) {
    it(`is not read from Object.prototype: ${name} of a server.`, () => {
      withForeign(name, 'text', () => new WebSocketServer({ noServer: true }));
    });
  }

  it('is not read from Object.prototype: those of Topics and messages for many.', () => {
    const wss = new WebSocketServer({ noServer: true });
    const topics = new Topics();

    withForeign('adapter', {}, () => new Topics({}).close());
    withForeign('maxPending', 'text', () => new Topics({}).close());
    withForeign('except', 1, () => wss.broadcast('a', {}));
    withForeign('except', 1, () => topics.publish('a', 'b'));
  });

  it('is not read from Object.prototype: idleTimeout of permessage-deflate.', () => {
    withForeign('idleTimeout', 'text', () => {
      for (const perMessageDeflate of [false, true, {}]) {
        new WebSocketServer({ noServer: true, perMessageDeflate });
      }
    });
  });

  it('leaves zlib alone where nothing is compressed.', () => {
    withForeign('zlibDeflateOptions', { level: 'text' }, () => {
      new WebSocketServer({ noServer: true, perMessageDeflate: false });
      assert.throws(() => new PerMessageDeflate({}), TypeError);
    });
  });
});
