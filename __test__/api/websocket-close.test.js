'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Sender = require('../../lib/connection/sender');
const WebSocket = require('../../lib/api/websocket');
const { EMPTY_BUFFER } = require('../../lib/constants');
const { hex } = require('../support/events');
const { portOf } = require('../support/raw-http');
const { serve } = require('../support/servers');
const {
  closeOf,
  openPair,
  openRawClient,
  openRawServer,
  readBytes
} = require('../support/pairs');

describe('close()', () => {
  it('closes both ends with the code and the reason', async (t) => {
    const { client, peer } = await openPair(t);
    const closed = Promise.all([closeOf(client), closeOf(peer)]);

    client.close(3001, 'enough');

    const reason = Buffer.from('enough');

    assert.deepStrictEqual(await closed, [
      [3001, reason],
      [3001, reason]
    ]);
  });

  it('without a code is 1005 on both ends, with the empty buffer', async (t) => {
    const { client, peer } = await openPair(t);
    const closed = Promise.all([closeOf(client), closeOf(peer)]);

    peer.close();
    for (const [code, reason] of await closed) {
      assert.strictEqual(code, 1005);
      assert.strictEqual(reason, EMPTY_BUFFER);
    }
  });

  it('sends what was sent before it', async (t) => {
    const { client, peer } = await openPair(t, {
      server: { perMessageDeflate: { threshold: 0 } }
    });
    const messages = [];

    client.on('message', (data) => messages.push(String(data)));
    for (let i = 0; i < 5; i++) peer.send(`compressed ${i}`);
    peer.send(new Blob(['blob']));
    peer.close(1000);
    assert.strictEqual((await closeOf(client))[0], 1000);
    assert.deepStrictEqual(messages, [
      ...[0, 1, 2, 3, 4].map((i) => `compressed ${i}`),
      'blob'
    ]);
  });

  it('may be called again, and when it is closed', async (t) => {
    const { client, peer } = await openPair(t);
    const closed = closeOf(peer);

    client.close(1000);
    client.close(1001);
    client.close(9999);
    assert.strictEqual((await closed)[0], 1000);
    if (client.readyState !== WebSocket.CLOSED) await closeOf(client);
    client.close(9999);
  });

  for (const [code, reason, name] of [
    [1004, '', 'TypeError'],
    ['1000', '', 'TypeError'],
    [1000, 'a'.repeat(124), 'RangeError'],
    [1000, new Uint16Array(2), 'TypeError']
  ]) {
    const what = `${typeof code} ${code} and ${reason.length} units`;

    it(`throws a ${name} for ${what}, and stays open`, async (t) => {
      const { client, peer } = await openPair(t);

      assert.throws(() => client.close(code, reason), { name });
      assert.strictEqual(client.readyState, WebSocket.OPEN);
      assert.strictEqual(client._closeTimer, null);

      // Nothing was sent, and everything still works.
      client.send('still here');
      assert.strictEqual(
        String((await once(peer, 'message'))[0]),
        'still here'
      );
      client.close(1000);
      assert.strictEqual((await closeOf(peer))[0], 1000);
    });
  }

  it('sets the timer of the options, which closing clears', async (t) => {
    const { client } = await openPair(t, { client: { closeTimeout: 1234 } });
    const closed = closeOf(client);

    client.close();
    assert.strictEqual(client._closeTimer._idleTimeout, 1234);
    await closed;
    assert.strictEqual(client._closeTimer._destroyed, true);
  });

  it('ends in 1006 if the peer does not answer in time', async (t) => {
    const { client } = await openRawServer(t, { closeTimeout: 1 });

    client.close(1000);
    assert.deepStrictEqual(await closeOf(client), [1006, EMPTY_BUFFER]);
  });

  it('gives up while connecting', async (t) => {
    const wss = serve(t);
    const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
    const errors = [];

    ws.on('error', (err) => errors.push(err.message));
    ws.close(1000);
    assert.strictEqual((await closeOf(ws))[0], 1006);
    assert.deepStrictEqual(errors, [
      'WebSocket was closed before the connection was established'
    ]);
  });
});

describe('The close frame of the peer', () => {
  it('is answered with the same code, and ends the connection', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const answer = readBytes(socket, 6);
    const closed = closeOf(peer);

    socket.write(hex('88 84 00000000 03 e8 6f 6b'));
    assert.deepStrictEqual(await answer, hex('88 04 03 e8 6f 6b'));
    await once(socket, 'end');
    socket.end();
    assert.deepStrictEqual(await closed, [1000, Buffer.from('ok')]);
  });

  it('is answered masked by a client', async (t) => {
    const { client, socket } = await openRawServer(t, {
      generateMask: (mask) => mask.fill(0)
    });
    const answer = readBytes(socket, 8);

    socket.write(hex('88 02 03 e8'));
    assert.deepStrictEqual(await answer, hex('88 82 00000000 03 e8'));
    socket.end();
    await closeOf(client);
  });

  it('has a reason that does not keep the chunk in memory', async (t) => {
    const { client, peer } = await openPair(t);

    // What Node reads is not copied before.
    client._socket.on('data', () => {});
    for (let i = 0; i < 10; i++) peer.send(Buffer.alloc(1000));
    peer.close(1000, 'reason');

    const [, reason] = await closeOf(client);

    assert.strictEqual(String(reason), 'reason');
    assert.strictEqual(reason.buffer.byteLength, 6);
  });

  it('makes everything behind it be ignored', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const events = [];

    for (const name of ['message', 'ping', 'error']) {
      peer.on(name, () => events.push(name));
    }

    socket.write(hex('88 82 00000000 03e8  81 81 00000000 61  83 80 00000000'));
    socket.end(hex('89 80 00000000'));
    assert.strictEqual((await closeOf(peer))[0], 1000);
    assert.deepStrictEqual(events, []);
  });

  it('leaves the state CLOSING until the socket is closed', async (t) => {
    const { peer, socket } = await openRawClient(t);

    socket.write(hex('88 80 00000000'));
    await readBytes(socket, 2);
    assert.strictEqual(peer.readyState, WebSocket.CLOSING);
    socket.end();
    await closeOf(peer);
    assert.strictEqual(peer.readyState, WebSocket.CLOSED);
  });
});

describe('A connection that breaks', () => {
  it('at the end of the stream is closed with 1006', async (t) => {
    const { peer, socket } = await openRawClient(t);
    const messages = [];

    peer.on('message', (data) => messages.push(String(data)));
    socket.end(hex('81 81 00000000 61  81 85 00000000 62'));
    assert.deepStrictEqual(await closeOf(peer), [1006, EMPTY_BUFFER]);
    assert.deepStrictEqual(messages, ['a']);
  });

  it('by a reset is closed with 1006, without an error event', async (t) => {
    const { peer, socket } = await openRawClient(t);

    peer.on('error', (err) => assert.fail(err));
    socket.resetAndDestroy();
    assert.deepStrictEqual(await closeOf(peer), [1006, EMPTY_BUFFER]);
  });

  for (const [what, bytes, code] of [
    ['a frame that is not masked', '81 01 61', '03ea'],
    ['invalid UTF-8', '81 82 00000000 c328', '03ef'],
    ['a message that is too long', '82 8b 00000000', '03f1']
  ]) {
    it(`by ${what} tells the peer why, then emits the error`, async (t) => {
      const { peer, socket } = await openRawClient(t, { maxPayload: 10 });
      const errors = [];

      peer.on('error', (err) => errors.push([err.code, peer.readyState]));

      const answer = readBytes(socket, 4);

      socket.write(hex(bytes));
      assert.deepStrictEqual(await answer, hex(`88 02 ${code}`));
      socket.end();
      assert.strictEqual((await closeOf(peer))[0], 1006);
      assert.strictEqual(errors.length, 1);
      assert.match(errors[0][0], /^WS_ERR_/);
      assert.strictEqual(errors[0][1], WebSocket.CLOSING);
    });
  }
});

describe('terminate()', () => {
  it('closes with 1006 at once', async (t) => {
    const { client, peer } = await openPair(t);
    const closed = Promise.all([closeOf(client), closeOf(peer)]);

    client.terminate();
    assert.strictEqual(client.readyState, WebSocket.CLOSING);
    assert.strictEqual(client._socket.destroyed, true);
    client.terminate();
    assert.deepStrictEqual(await closed, [
      [1006, EMPTY_BUFFER],
      [1006, EMPTY_BUFFER]
    ]);
    client.terminate();
  });

  it('in a listener still delivers the rest of the chunk, then closes', async (t) => {
    const { client, socket } = await openRawServer(t);
    const events = [];

    client.on('message', (data) => {
      events.push(String(data));
      client.terminate();
    });
    client.on('close', (code) => events.push(code));
    socket.write(hex('81 01 61  81 01 62  81 01 63'));
    await closeOf(client);
    assert.deepStrictEqual(events, ['a', 'b', 'c', 1006]);
  });

  it('while connecting gives up', async (t) => {
    const wss = serve(t);
    const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
    const errors = [];

    ws.on('error', (err) => errors.push(err.message));
    ws.terminate();
    assert.strictEqual((await closeOf(ws))[0], 1006);
    assert.deepStrictEqual(errors, [
      'WebSocket was closed before the connection was established'
    ]);
  });
});

describe('A closed connection', () => {
  it('has left no listeners on its socket that hold it', async (t) => {
    const { client } = await openPair(t);
    const socket = client._socket;

    client.terminate();
    await closeOf(client);
    for (const name of ['data', 'end', 'close']) {
      assert.strictEqual(
        socket.listeners(name).filter((f) => f.name.startsWith('socketOn'))
          .length,
        0,
        name
      );
    }
  });

  it('takes frames of others without harm, and says they are lost', async (t) => {
    const { client } = await openPair(t);
    const { _sender: sender } = client;

    client.terminate();
    await closeOf(client);

    const [err] = await new Promise((resolve) => {
      sender.sendFrame(
        Sender.frame(Buffer.from('a'), {
          fin: true,
          mask: true,
          opcode: 2
        }),
        (...args) => resolve(args)
      );
    });

    assert.ok(err instanceof Error);
  });
});
