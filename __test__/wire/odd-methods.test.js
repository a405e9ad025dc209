'use strict';

// Programs that reach below the socket: they start and stop its handle, take it away, or put
// methods there that throw.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { messagesOf, openEnds, turns, until } = require('../support/ends');
const { skipTouches } = require('../support/loop');
const { onlyHere } = require('../support/wires');

const WIRES = onlyHere(['tcp', 'unix']);

/** More than the kernel takes on loopback. */
const LONG = 32_000_000;

describe("The handle of a WebSocket's socket", { skip: skipTouches }, () => {
  for (const wire of WIRES) {
    it(`stops reading with readStop(), and goes on with readStart() (${wire})`, async (t) => {
      const { near, far } = await openEnds(t, { wire });
      const got = messagesOf(near);

      await turns(20);
      far.send('one');
      await until(() => got.length === 1);
      near._socket._handle.readStop();
      far.send('two');
      await turns(50);
      assert.deepStrictEqual(got, ['one']);
      near._socket._handle.readStart();
      await until(() => got.length === 2);
      near._socket._handle.readStart();
      far.send('three');
      await until(() => got.length === 3);
      assert.deepStrictEqual(got, ['one', 'two', 'three']);
    });

    it(`has the socket fail if it is closed in the midst of a write (${wire})`, async (t) => {
      const { near } = await openEnds(t, { wire });
      const outcomes = [];
      let code = null;

      await turns(20);
      near.send(Buffer.alloc(LONG), (err) => outcomes.push(err.code));
      near._socket._handle.close();
      near._socket.prependListener('error', (err) => (code = err.code));
      await until(() => code !== null);
      assert.strictEqual(code, 'ECANCELED');
      assert.strictEqual(near._socket.destroyed, true);
      // With ws it stays in CLOSING, as nobody says that the handle is closed.
      assert.ok(near.readyState >= near.CLOSING);
      near.send('late', (err) => outcomes.push(err.message));
      await turns(3);
      assert.strictEqual(outcomes.length, 2);
      assert.strictEqual(outcomes[0], 'ECANCELED');
      assert.match(outcomes[1], /^WebSocket is not open/);
    });

    it(`gets nothing more when something else stands in its place (${wire})`, async (t) => {
      const { near, far } = await openEnds(t, { wire });
      const got = messagesOf(far);
      const { _handle: handle } = near._socket;

      t.after(() => handle.close());
      await turns(20);
      near.send('one');
      near.send('two');
      near._socket._handle = undefined;

      const [err] = await new Promise((resolve) =>
        near.send('three', (...args) => resolve(args))
      );

      assert.strictEqual(err.code, 'ERR_SOCKET_CLOSED');
      await until(() => got.length === 2);
      assert.deepStrictEqual(got, ['one', 'two']);
    });
  }
});

describe('A cork() that throws', { skip: skipTouches }, () => {
  for (const wire of ['tcp', 'tls', 'duplex']) {
    it(`keeps no frame from being sent (${wire})`, async (t) => {
      const { near, far } = await openEnds(t, { wire });
      const got = [];
      const outcomes = [];
      const note = (err) => outcomes.push(err ?? null);

      far.on('message', (data) => got.push(data.length));
      await turns(20);
      near._socket.cork = () => {
        throw new Error('Oops');
      };
      for (const length of [1, 70_000, 2, 20_000]) {
        near.send(Buffer.alloc(length), note);
      }
      await until(() => got.length === 4 && outcomes.length === 4);
      assert.deepStrictEqual(got, [1, 70_000, 2, 20_000]);
      assert.deepStrictEqual(outcomes, [null, null, null, null]);
      far.close(1000);
      await once(near, 'close');
    });
  }
});

describe("A resume() in the place of a socket's", { skip: skipTouches }, () => {
  for (const wire of WIRES) {
    it(`is called by nobody but resume() of the WebSocket (${wire})`, async (t) => {
      const { near, far } = await openEnds(t, { wire });
      const got = messagesOf(near);
      let calls = 0;

      near._socket.resume = () => calls++;
      // So that Node makes the socket, and reads it.
      near._socket.emit = near._socket.emit.bind(near._socket);
      await turns(5);
      assert.strictEqual(calls, 0);
      far.send('one');
      await until(() => got.length === 1);
      near.resume();
      assert.strictEqual(calls, 1);
      far.close(1000);

      const [code] = await once(near, 'close');

      assert.strictEqual(code, 1000);
    });
  }
});
