'use strict';

const assert = require('node:assert');
const { Duplex } = require('node:stream');
const { describe, it } = require('node:test');

const watchMethods = require('../../lib/wire/watched-methods');

class Socket extends Duplex {
  setEncoding(encoding) {
    return super.setEncoding(encoding);
  }
}

function make() {
  const prototype = Object.create(Socket.prototype);
  const puts = [];

  watchMethods(prototype, (...args) => puts.push(args));
  return { prototype, puts, socket: Object.create(prototype) };
}

describe('watchMethods()', () => {
  it('leaves the methods as they were found', () => {
    const { prototype, socket } = make();
    const names = (object) => {
      const found = new Set();

      for (const name in object) found.add(name);
      return [...found].sort();
    };

    assert.strictEqual(socket.read, Duplex.prototype.read);
    assert.strictEqual(socket.setEncoding, Socket.prototype.setEncoding);
    assert.deepStrictEqual(names(prototype), names(Socket.prototype));
  });

  it('tells of a method that is put on an object', () => {
    const { puts, socket } = make();
    const push = () => {};

    socket.push = push;
    assert.deepStrictEqual(puts, [[socket, 'push', push]]);
    assert.strictEqual(socket.push, Duplex.prototype.push);
  });
});
