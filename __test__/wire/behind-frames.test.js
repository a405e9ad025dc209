'use strict';

const assert = require('node:assert');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');

const { FakeOutbox, take } = require('../support/fake-outbox');

/** A duplex that notes in the log of the outbox what it is to write. */
function createDuplex(outbox) {
  return new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      outbox.log.push(`write ${chunk}`);
      callback();
    },
    final(callback) {
      outbox.log.push('final');
      callback();
    },
    destroy(err, callback) {
      outbox.log.push('destroy');
      callback(err);
    }
  });
}

describe('The frames of a duplex', () => {
  it('go before what it writes, corks and ends', () => {
    const outbox = new FakeOutbox();
    const socket = createDuplex(outbox);

    take(socket, outbox);
    assert.strictEqual(socket.write('a'), true);
    socket.cork();
    socket.write('b');
    socket.uncork();
    assert.strictEqual(socket.end('c'), socket);
    assert.deepStrictEqual(
      outbox.log.filter((entry) => entry !== 'final'),
      [
        'yieldToStream',
        'write a',
        'yieldToStream',
        'yieldToStream',
        'write b',
        'yieldToStream',
        'write c'
      ]
    );
  });

  it('go before it is destroyed, once', () => {
    const outbox = new FakeOutbox();
    const socket = createDuplex(outbox);

    take(socket, outbox);
    socket.destroy();
    socket.destroy();
    assert.deepStrictEqual(outbox.log, ['writeNow', 'destroy']);
  });

  it('leave what its class does in write() to that', () => {
    const outbox = new FakeOutbox();
    const { log } = outbox;

    class Shouting extends Duplex {
      write(chunk, ...args) {
        log.push(`shout ${chunk}`);
        return super.write(chunk.toUpperCase(), ...args);
      }

      _write(chunk, encoding, callback) {
        log.push(`write ${chunk}`);
        callback();
      }
    }

    const socket = new Shouting();

    take(socket, outbox);
    socket.write('a');
    assert.deepStrictEqual(log, ['yieldToStream', 'shout a', 'write A']);
  });

  it('are counted where its class counts what is written', () => {
    class Counting extends Duplex {
      get bytesWritten() {
        return 5;
      }
    }

    const socket = new Counting();

    take(socket).bytesWritten = 3;
    assert.strictEqual(socket.bytesWritten, 8);
  });
});
