'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { WebSocketServer } = require('../..');
const { runProgram } = require('../support/programs');
const { openThreaded, skipThreads } = require('../support/threads');

describe('The option ioThreads', () => {
  it('is a whole number from 0 to 64, or is left out', () => {
    for (const ioThreads of [undefined, null, 0, 1, 64]) {
      assert.ok(new WebSocketServer({ ioThreads, noServer: true }));
    }
    for (const ioThreads of ['2', true, {}, 2n]) {
      assert.throws(() => new WebSocketServer({ ioThreads, noServer: true }), {
        name: 'TypeError',
        message:
          /^The option "ioThreads" is a number, .* leave it out for none$/
      });
    }
    for (const ioThreads of [-1, 65, 1.5, NaN, Infinity]) {
      assert.throws(() => new WebSocketServer({ ioThreads, noServer: true }), {
        name: 'RangeError',
        message: /^The option "ioThreads" is a whole number from 0 to 64, not/
      });
    }
  });

  it(
    'puts connections of its server on threads',
    { skip: skipThreads },
    async (t) => {
      for (const [ioThreads, transport] of [
        [0, 'loop'],
        [1, 'threads'],
        [3, 'threads']
      ]) {
        const { pairs } = await openThreaded(t, 4, { ioThreads });

        for (const { client, peer } of pairs) {
          assert.strictEqual(peer.transport, transport);
          assert.notStrictEqual(client.transport, 'threads');
        }
      }
    }
  );

  it(
    'puts connections there that Node has accepted',
    { skip: skipThreads },
    async (t) => {
      const { pairs } = await openThreaded(t, 1, { accept: 'node' });
      const [{ client, peer }] = pairs;

      peer.on('message', () => peer.send(peer.transport));

      for (let last = ''; last !== 'threads';) {
        client.send('?');
        [last] = await new Promise((resolve) => {
          client.once('message', (data) => resolve([String(data)]));
        });
      }
    }
  );

  it('has a variable that forces it, which must be a number', async () => {
    for (const value of ['x', '65', '-1', '1.5']) {
      const { code, stderr } = await runProgram(() => {}, {
        env: { WS_RS_IO_THREADS: value }
      });

      assert.strictEqual(code, 1);
      assert.match(
        stderr,
        new RegExp(`WS_RS_IO_THREADS is "${value}"; set it to a number from 0`)
      );
    }
  });
});
