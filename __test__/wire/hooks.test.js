'use strict';

const assert = require('node:assert');
const net = require('node:net');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');
const tls = require('node:tls');

const { announce, hook, isPlain } = require('../../lib/wire/hooks');
const TakenSocket = require('../../lib/wire/taken-socket');

class OwnSocket extends net.Socket {}

/** What sockets know of an output; it notes what it is told. */
class FakeOutput {
  log = [];
  rest = null;
  bytesRead = 0;
  bytesWritten = 0;

  beforeSocket() {
    this.log.push('beforeSocket');
  }

  takeRest() {
    this.log.push('takeRest');
    return this.rest;
  }

  drop() {
    this.log.push('drop');
  }

  close() {
    this.log.push('close');
  }
}

/** A duplex that notes in the log of the output what it is to write. */
function createDuplex(output) {
  return new Duplex({
    read() {},
    write(chunk, encoding, callback) {
      output.log.push(`write ${chunk}`);
      callback();
    },
    final(callback) {
      output.log.push('final');
      callback();
    },
    destroy(err, callback) {
      output.log.push('destroy');
      callback(err);
    }
  });
}

describe('isPlain', () => {
  it('is true for a net.Socket, also when it was hooked', () => {
    const socket = new net.Socket();

    assert.strictEqual(isPlain(socket), true);
    hook(socket, new FakeOutput());
    assert.strictEqual(isPlain(socket), true);
  });

  it('is false for sockets that may send something else', () => {
    const patched = new net.Socket();

    patched.write = () => true;
    assert.strictEqual(isPlain(patched), false);
    assert.strictEqual(isPlain(new OwnSocket()), false);
    assert.strictEqual(isPlain(new tls.TLSSocket(new net.Socket())), false);
    assert.strictEqual(isPlain(new Duplex()), false);
  });
});

describe('announce', () => {
  it('tells a socket of its output, and that it is on no loop', () => {
    const socket = new net.Socket();
    const output = new FakeOutput();

    announce(socket, output);
    assert.strictEqual(socket[TakenSocket.kOutput], output);
    assert.strictEqual(socket[TakenSocket.kLoop], null);
    assert.deepStrictEqual(Object.keys(socket), Object.keys(new net.Socket()));
  });
});

describe('hook', () => {
  it('gives a plain socket a prototype and no methods of its own', () => {
    const socket = new net.Socket();
    const before = Object.keys(socket);
    const output = new FakeOutput();

    hook(socket, output);
    assert.strictEqual(Object.getPrototypeOf(socket), TakenSocket.prototype);
    assert.deepStrictEqual(Object.keys(socket), before);
    assert.ok(socket instanceof net.Socket);
  });

  it('leaves the class of other sockets alone', () => {
    const socket = new OwnSocket();

    hook(socket, new FakeOutput());
    assert.strictEqual(Object.getPrototypeOf(socket), OwnSocket.prototype);
  });

  it('leaves something that is no stream alone', () => {
    const socket = { write: () => true };
    const { write } = socket;

    hook(socket, new FakeOutput());
    assert.strictEqual(socket.write, write);
  });

  it('has frames go before what a duplex writes, corks and ends', () => {
    const output = new FakeOutput();
    const socket = createDuplex(output);

    hook(socket, output);
    assert.strictEqual(socket.write('a'), true);
    socket.cork();
    socket.write('b');
    socket.uncork();
    assert.strictEqual(socket.end('c'), socket);
    assert.deepStrictEqual(
      output.log.filter((entry) => entry !== 'final'),
      [
        'beforeSocket',
        'write a',
        'beforeSocket',
        'beforeSocket',
        'write b',
        'beforeSocket',
        'write c'
      ]
    );
  });

  it('has frames go before a duplex is destroyed, and drops the others', () => {
    const output = new FakeOutput();
    const socket = createDuplex(output);

    hook(socket, output);
    socket.destroy();
    assert.deepStrictEqual(output.log, [
      'beforeSocket',
      'drop',
      'close',
      'destroy'
    ]);
  });
});
