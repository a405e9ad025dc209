'use strict';

const assert = require('node:assert');
const { randomBytes } = require('node:crypto');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const Receiver = require('../../lib/connection/receiver');
const WebSocket = require('../../lib/api/websocket');
const { hex, tick } = require('../support/events');
const {
  closeOf,
  collect,
  duplexPair,
  openDuplexPair,
  openPair,
  openRawServer
} = require('../support/pairs');

/** "Hi" compressed, as a text frame (RFC 7692, section 7.2.3.1). */
const HI = 'c1 04 f2 c8 04 00';

/** A client that inflates, over a duplex that is written to by hand. */
function openInflating(t, options) {
  const [socket, far] = duplexPair();
  const ws = new WebSocket(null, undefined, {});
  const pmd = new PerMessageDeflate();

  pmd.accept([{}]);
  ws._isServer = false;
  ws._extensions['permessage-deflate'] = pmd;
  ws.setSocket(socket, Buffer.alloc(0), options ?? {});
  t.after(() => ws.terminate());
  return { far, socket, ws };
}

describe('Taking over a socket', () => {
  it('delivers what came behind the handshake, in a later tick', async (t) => {
    const [socket] = duplexPair();
    const ws = new WebSocket(null, undefined, {});
    const messages = [];

    t.after(() => ws.terminate());
    ws._isServer = false;
    ws.setSocket(socket, hex('81 01 61  81 01 62'), {});
    ws.on('message', (data) => messages.push(String(data)));
    assert.deepStrictEqual(messages, []);
    while (messages.length < 2) await once(ws, 'message');
    assert.deepStrictEqual(messages, ['a', 'b']);
  });

  it('delivers what the socket had read before', async (t) => {
    const [socket, far] = duplexPair();
    const ws = new WebSocket(null, undefined, {});

    t.after(() => ws.terminate());
    far.write(hex('62  81 01 63'));
    await once(socket, 'readable');
    ws._isServer = false;
    ws.setSocket(socket, hex('81 01'), {});

    const events = await collect(ws, 'message', 2);

    assert.deepStrictEqual(
      events.map(([data]) => String(data)),
      ['b', 'c']
    );
  });

  it('turns off the timeout and the delay of a TCP socket', async (t) => {
    const [socket] = duplexPair();
    const ws = new WebSocket(null, undefined, {});
    const calls = [];

    t.after(() => ws.terminate());
    socket.setTimeout = (...args) => calls.push(['setTimeout', ...args]);
    socket.setNoDelay = (...args) => calls.push(['setNoDelay', ...args]);
    ws.setSocket(socket, Buffer.alloc(0), {});
    assert.deepStrictEqual(calls, [['setTimeout', 0], ['setNoDelay']]);
  });

  it('emits open within the call', (t) => {
    const [socket] = duplexPair();
    const ws = new WebSocket(null, undefined, {});
    const states = [];

    t.after(() => ws.terminate());
    ws.on('open', () => states.push(ws.readyState, ws._socket === socket));
    ws.setSocket(socket, Buffer.alloc(0), {});
    assert.deepStrictEqual(states, [WebSocket.OPEN, true]);
  });
});

describe('A sender that fails', () => {
  it('has its connection emit the error, and close', async (t) => {
    const { client } = await openPair(t);
    const unreadable = new Blob(['x']);
    const cause = new Error('it cannot be read');

    unreadable.arrayBuffer = () => Promise.reject(cause);

    const closed = closeOf(client);
    const failed = once(client, 'error');

    client.send(unreadable);
    assert.deepStrictEqual(await failed, [cause]);
    assert.strictEqual((await closed)[0], 1006);
  });
});

describe('The receiver of a connection', () => {
  it('is a Receiver with the limits of the connection', async (t) => {
    const { client } = await openPair(t, {
      client: { maxBufferedChunks: 1, maxFragments: 2, maxPayload: 3 }
    });
    const receiver = client._receiver;

    assert.ok(receiver instanceof Receiver);
    assert.strictEqual(receiver._maxBufferedChunks, 1);
    assert.strictEqual(receiver._maxFragments, 2);
    assert.strictEqual(receiver._maxPayload, 3);
    assert.strictEqual(receiver._isServer, false);
  });

  it('takes over in the middle of a frame', async (t) => {
    const { client, socket } = await openRawServer(t);

    socket.write(hex('81 01 61  01 02 62'));
    await once(client, 'message');
    assert.ok(client._receiver instanceof Receiver);
    socket.write(hex('63  80 01 64'));
    assert.strictEqual(String((await once(client, 'message'))[0]), 'bcd');
  });

  it('takes over while a message is inflated, with what waits', async (t) => {
    const { far, socket, ws } = openInflating(t);
    const messages = [];

    ws.on('message', (data) => messages.push(String(data)));
    far.write(hex(`${HI}  81 01 61  ${HI}`));
    await once(socket, 'data');
    far.write(hex('81 01 62  88 02 03 e8'));
    assert.strictEqual(ws._receiver._state, 5);

    const concluded = once(ws._receiver, 'conclude');

    await concluded;
    assert.deepStrictEqual(messages, ['Hi', 'a', 'Hi', 'b']);
    assert.strictEqual(ws.readyState, WebSocket.CLOSING);
  });

  it('has listeners that can be removed', async (t) => {
    const { client, peer } = await openPair(t);

    client.on('ping', () => assert.fail('A ping'));
    client._receiver.removeAllListeners('ping');
    peer.ping();
    peer.send('a');
    await once(client, 'message');
  });

  it('concludes before the listeners of others hear of it', async (t) => {
    const { client, peer } = await openPair(t);
    const states = [];

    client._receiver.on('conclude', (code) => {
      states.push([code, client.readyState]);
    });
    peer.close(1000);
    await closeOf(client);
    assert.deepStrictEqual(states, [[1000, WebSocket.CLOSING]]);
  });
});

describe('Messages that wait to be inflated', () => {
  for (const touched of [false, true]) {
    const what = touched ? 'with' : 'without';

    it(`pause the socket when they are many, ${what} a receiver`, async (t) => {
      const { far, socket, ws } = openInflating(t);
      // More than the high-water mark, which is 64 KiB from Node 22 on.
      const count = 80_000;
      let messages = 0;
      let paused = 0;

      if (touched) assert.ok(ws._receiver);
      socket.on('pause', () => paused++);
      ws.on('message', () => messages++);
      far.write(Buffer.alloc(6 * 1000, hex(HI)));
      far.write(Buffer.alloc(count, hex('81 00')));
      far.end(hex('88 02 03 e8'));
      await closeOf(ws);
      assert.strictEqual(messages, 1000 + count / 2);
      assert.ok(paused > 0);
    });
  }

  for (const touched of [false, true]) {
    const what = touched ? ', also to a receiver that comes late' : '';

    it(`may be of many chunks of a TCP socket${what}`, async (t) => {
      const { client, peer } = await openPair(t, {
        server: { perMessageDeflate: { threshold: 0 } }
      });
      // A chunk that ends with a large message, and more behind it.
      const datas = [
        ...Array.from({ length: 8 }, () => randomBytes(150_000)),
        Buffer.from('small'),
        ...Array.from({ length: 8 }, () => randomBytes(150_000)),
        Buffer.from('small')
      ];
      const received = collect(client, 'message', datas.length);

      for (const data of datas) peer.send(data);
      await once(client, 'message');
      if (touched) assert.ok(client._receiver);
      for (const [i, [data]] of (await received).entries()) {
        assert.ok(data.equals(datas[i]), `message ${i}`);
      }
    });
  }

  it('are delivered though the socket is gone', async (t) => {
    const { far, socket, ws } = openInflating(t);
    const messages = [];

    ws.on('message', (data) => messages.push(String(data)));
    far.write(hex(`${HI}  81 01 61  ${HI}`));
    await once(socket, 'data');
    ws.terminate();
    assert.strictEqual((await closeOf(ws))[0], 1006);
    assert.deepStrictEqual(messages, ['Hi', 'a', 'Hi']);
  });

  it('are delivered before the error behind them, and close is last', async (t) => {
    const { far, ws } = openInflating(t);
    const events = [];

    ws.on('message', (data) => events.push(String(data)));
    ws.on('error', (err) => events.push(err.code));
    ws.on('close', (code) => events.push(code));
    far.end(hex(`${HI}  83 00`));
    await closeOf(ws);
    assert.deepStrictEqual(events, ['Hi', 'WS_ERR_INVALID_OPCODE', 1006]);
  });

  it('do not come while the connection is paused by a listener', async (t) => {
    const { far, ws } = openInflating(t);
    const messages = [];

    ws.on('message', (data) => {
      messages.push(String(data));
      ws.pause();
    });
    far.write(hex(HI));
    await once(ws, 'message');
    far.write(hex(HI));
    for (let i = 0; i < 20; i++) await tick();
    assert.deepStrictEqual(messages, ['Hi']);
    ws.resume();
    await once(ws, 'message');
  });
});

describe('A socket that was paused when it was destroyed', () => {
  it('still delivers what it had read', async (t) => {
    const { client, peer } = openDuplexPair(t);
    const messages = [];

    client.on('message', (data) => messages.push(String(data)));
    client.pause();
    peer.send('a');
    peer.send('b');
    for (let i = 0; i < 5; i++) await tick();
    assert.deepStrictEqual(messages, []);
    client.terminate();
    await closeOf(client);
    assert.deepStrictEqual(messages, ['a', 'b']);
  });
});

describe('A sender that cannot send', () => {
  it('ends its connection with its error', async (t) => {
    const { client, peer } = await openPair(t);
    const reason = new Error('not to be read');
    const blob = new Blob(['a']);

    blob.arrayBuffer = () => Promise.reject(reason);

    const error = once(peer, 'error');
    const close = closeOf(client);

    peer.send(blob);
    assert.strictEqual((await error)[0], reason);
    assert.strictEqual(peer.readyState, WebSocket.CLOSING);
    await close;
  });
});
