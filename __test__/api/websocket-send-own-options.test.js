'use strict';

const assert = require('node:assert');
const { afterEach, test } = require('node:test');

const Sender = require('../../lib/connection/sender');
const WebSocket = require('../../lib/api/websocket');

const NAMES = ['binary', 'mask', 'compress', 'fin'];
const DEFAULTS = { binary: true, mask: false, compress: true, fin: true };

afterEach(() => {
  for (const name of NAMES) delete Object.prototype[name];
});

/** What `send()` of a server makes of options, for a Buffer. */
function seen(options) {
  const ws = new WebSocket(null, undefined, {});
  let result;

  ws._readyState = WebSocket.OPEN;
  ws._extensions = { 'permessage-deflate': {} };
  // One whose send() is not patched.
  ws._sender = Object.create(Sender.prototype, {
    sendMessage: {
      value(data, binary, compress, fin, mask) {
        result = { binary, mask, compress, fin };
      }
    }
  });
  ws.send(Buffer.alloc(1), options);
  return result;
}

test('own options are seen, whatever their values are', () => {
  assert.deepStrictEqual(seen({ binary: undefined, fin: 0, other: 1 }), {
    ...DEFAULTS,
    binary: undefined,
    fin: 0
  });
});

test('what is no object has no options', () => {
  for (const options of [undefined, null, 1, 'binary', true, Symbol('fin')]) {
    assert.deepStrictEqual(seen(options), DEFAULTS);
  }
});

test('what a program puts on Object.prototype is no option', () => {
  for (const name of NAMES) {
    Object.prototype[name] = 'foreign';
    assert.strictEqual(seen({})[name], DEFAULTS[name]);
    assert.strictEqual(seen(undefined)[name], DEFAULTS[name]);
    if (name !== 'compress') {
      assert.strictEqual(seen({ [name]: 'own', other: 1 })[name], 'own');
    }
    delete Object.prototype[name];

    // What is not enumerable is found by `in` as well.
    Object.defineProperty(Object.prototype, name, {
      configurable: true,
      value: 'foreign'
    });
    assert.strictEqual(seen({})[name], DEFAULTS[name]);
    delete Object.prototype[name];
  }
});

test('what a class has on its prototype is no option', () => {
  class Options {
    get fin() {
      return false;
    }
  }

  assert.deepStrictEqual(seen(new Options()), DEFAULTS);
  assert.deepStrictEqual(seen(Object.create({ mask: true })), DEFAULTS);
});

test('each is read once', () => {
  const reads = [];
  const options = new Proxy(
    { binary: false, fin: false, other: 1 },
    {
      get(target, name) {
        reads.push(name);
        return target[name];
      }
    }
  );

  assert.deepStrictEqual(seen(options), {
    ...DEFAULTS,
    binary: false,
    fin: false
  });
  assert.deepStrictEqual(reads, ['binary', 'fin']);
});
