'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { Duplex } = require('node:stream');
const { buffer } = require('node:stream/consumers');
const { pipeline } = require('node:stream/promises');
const { describe, it } = require('node:test');

const WebSocket = require('../..');
const createWebSocketStream = require('../../lib/api/stream');
const FakeWebSocket = require('../support/fake-websocket');
const { portOf } = require('../support/raw-http');
const { serve } = require('../support/servers');

function tick() {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('createWebSocketStream', () => {
  it('returns a duplex with the options it is given, save some', () => {
    const duplex = createWebSocketStream(new FakeWebSocket(), {
      allowHalfOpen: false,
      emitClose: true,
      highWaterMark: 10,
      objectMode: true,
      read: () => assert.fail('The stream has a source of its own'),
      writableObjectMode: true
    });

    assert.ok(duplex instanceof Duplex);
    assert.strictEqual(duplex.allowHalfOpen, false);
    assert.strictEqual(duplex.readableHighWaterMark, 10);
    assert.strictEqual(duplex.readableObjectMode, false);
    assert.strictEqual(duplex.writableObjectMode, false);
    duplex.read();
  });
});

describe('Writing to the stream', () => {
  it('sends each chunk as a message of its own', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);

    duplex.write('a');
    duplex.write(Buffer.from('b'));
    await new Promise((resolve) => duplex.write('c', resolve));
    assert.deepStrictEqual(ws.calls, [
      ['send', 'a'],
      ['send', 'b'],
      ['send', 'c']
    ]);
  });

  it('waits until the WebSocket is open', async () => {
    const ws = new FakeWebSocket();

    ws.readyState = ws.CONNECTING;

    const duplex = createWebSocketStream(ws);

    duplex.end('a');
    await tick();
    assert.deepStrictEqual(ws.calls, []);

    ws.open();
    await tick();
    assert.deepStrictEqual(ws.calls, [['send', 'a'], ['close']]);
  });

  it('waits until the WebSocket is open to close it', async () => {
    const ws = new FakeWebSocket();

    ws.readyState = ws.CONNECTING;
    createWebSocketStream(ws).end();
    await tick();
    assert.deepStrictEqual(ws.calls, []);

    ws.open();
    assert.deepStrictEqual(ws.calls, [['close']]);
  });

  it('is destroyed if a message cannot be sent', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    const written = new Promise((resolve) => {
      ws.sendError = new Error('Oops');
      duplex.write('a', resolve);
    });
    const [error] = await once(duplex, 'error');

    assert.strictEqual(error, ws.sendError);
    assert.strictEqual(await written, ws.sendError);
    assert.strictEqual(duplex.destroyed, true);
    assert.deepStrictEqual(ws.calls, [['send', 'a'], ['terminate']]);

    const closed = once(duplex, 'close');

    ws.closed();
    await closed;
  });
});

describe('Ending the stream', () => {
  it('closes the WebSocket and finishes with its socket', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    let finished = false;

    duplex.on('finish', () => (finished = true));
    duplex.end();
    await tick();
    assert.deepStrictEqual(ws.calls, [['close']]);
    assert.strictEqual(finished, false);

    ws._socket.end();
    await once(duplex, 'finish');
    assert.strictEqual(duplex.destroyed, false);
  });

  it('finishes at once if the socket has finished', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);

    await new Promise((resolve) => ws._socket.end(resolve));
    duplex.end();
    await once(duplex, 'finish');
    assert.deepStrictEqual(ws.calls, []);
  });

  it('does not finish if the handshake failed', async () => {
    const ws = new FakeWebSocket();

    ws._socket = null;
    ws.readyState = ws.CLOSING;

    const duplex = createWebSocketStream(ws);

    duplex.on('finish', () => assert.fail('Nothing was sent'));
    duplex.end();
    await tick();
    assert.strictEqual(duplex.writableFinished, false);
    assert.deepStrictEqual(ws.calls, []);
  });

  it('closes without finishing if the connection is broken', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws).resume();

    duplex.on('finish', () => assert.fail('The end was not sent'));
    ws._socket.destroy();
    await once(ws._socket, 'close');
    ws.closed();
    await once(duplex, 'end');

    duplex.end();
    await once(duplex, 'close');
    assert.strictEqual(duplex.errored, null);
  });

  it('is not closed while listeners are called when the connection is broken', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws).resume();
    const errors = [];

    ws._socket.destroy();
    await once(ws._socket, 'close');
    ws.closed();
    await once(duplex, 'end');

    // As with ws, which never closes it.
    duplex.on('error', (error) => errors.push(error.code));
    duplex.end();
    duplex.write('a');
    assert.strictEqual(duplex.destroyed, false);
    await new Promise((resolve) => duplex.once('close', resolve));
    assert.deepStrictEqual(errors, ['ERR_STREAM_WRITE_AFTER_END']);
  });

  it('is read to the end if the connection breaks meanwhile', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);

    duplex.on('finish', () => assert.fail('The end was not sent'));
    ws.emit('message', Buffer.from('a'), true);
    duplex.end();
    ws._socket.destroy();
    await once(ws._socket, 'close');
    ws.closed();
    await tick();
    assert.strictEqual(duplex.destroyed, false);

    const closed = once(duplex, 'close');

    assert.deepStrictEqual(duplex.read(), Buffer.from('a'));
    duplex.resume();
    await closed;
  });

  it('destroys the stream after both end and finish', async () => {
    for (const order of ['end first', 'finish first']) {
      const ws = new FakeWebSocket();
      const duplex = createWebSocketStream(ws).resume();

      ws._socket.end();
      await once(ws._socket, 'finish');

      if (order === 'end first') {
        ws.closed(1000);
        await once(duplex, 'end');
        assert.strictEqual(duplex.destroyed, false);
        duplex.end();
      } else {
        duplex.end();
        await once(duplex, 'finish');
        assert.strictEqual(duplex.destroyed, false);
        ws.closed(1000);
      }

      await once(duplex, 'close');
      assert.strictEqual(duplex.destroyed, true);
      assert.strictEqual(duplex.errored, null);
    }
  });
});

describe('Reading from the stream', () => {
  it('gives the bytes of text and of binary messages', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);

    ws.emit('message', Buffer.from('a'), false);
    ws.emit('message', Buffer.from([0xff]), true);
    ws.closed(1000);
    assert.deepStrictEqual(await buffer(duplex), Buffer.from([0x61, 0xff]));
  });

  it('gives strings for text messages in readable object mode', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws, { readableObjectMode: true });

    ws.emit('message', Buffer.from('a'), false);
    ws.emit('message', Buffer.from([0xff]), true);
    ws.closed(1000);
    assert.deepStrictEqual(await duplex.toArray(), ['a', Buffer.from([0xff])]);
  });

  it('pauses the WebSocket while nobody reads', () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws, { highWaterMark: 2 });

    ws.emit('message', Buffer.from('a'), true);
    assert.strictEqual(ws.isPaused, false);
    ws.emit('message', Buffer.from('b'), true);
    assert.strictEqual(ws.isPaused, true);

    // In one piece before Node 26, in two since.
    const pieces = [];

    for (let piece; (piece = duplex.read()) !== null;) pieces.push(piece);

    assert.deepStrictEqual(Buffer.concat(pieces), Buffer.from('ab'));
    assert.strictEqual(ws.isPaused, false);
  });

  it('works with methods that are called without the stream', () => {
    const ws = new FakeWebSocket();
    const { _read: read, _final: final } = createWebSocketStream(ws);

    ws.isPaused = true;
    read();
    assert.strictEqual(ws.isPaused, false);

    final(() => {});
    assert.deepStrictEqual(ws.calls, [['close']]);
  });
});

describe('Destroying the stream', () => {
  it('terminates the WebSocket and closes with it', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    let closed = false;

    duplex.on('close', () => (closed = true));
    duplex.destroy();
    assert.deepStrictEqual(ws.calls, [['terminate']]);
    await tick();
    assert.strictEqual(closed, false);

    ws.closed();
    await tick();
    assert.strictEqual(closed, true);
  });

  it('leaves the WebSocket alone if its signal is aborted from the beginning', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws, { signal: AbortSignal.abort() });

    const [error] = await once(duplex, 'error');

    assert.strictEqual(error.name, 'AbortError');
    assert.deepStrictEqual(ws.calls, []);

    const other = createWebSocketStream(ws, {
      signal: AbortSignal.abort(),
      destroy: (err, callback) => callback(new RangeError('mine'))
    });

    assert.strictEqual((await once(other, 'error'))[0].message, 'mine');
    assert.deepStrictEqual(ws.calls, []);
  });

  it('emits its error before it closes', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    const error = new Error('Oops');
    const events = [];

    duplex.on('error', (reason) => events.push(reason));
    duplex.on('close', () => events.push('close'));
    duplex.destroy(error);
    ws.closed();
    await tick();
    assert.deepStrictEqual(events, [error, 'close']);
  });

  it('emits an error of the WebSocket in place of its own', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    const errors = [];
    const error = new Error('Invalid WebSocket frame');

    duplex.on('error', (reason) => errors.push(reason));
    duplex.destroy(new Error('Oops'));
    ws.emit('error', error);
    ws.closed();
    await tick();
    assert.deepStrictEqual(errors, [error]);
  });

  it('only closes if the WebSocket is closed', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);

    ws.readyState = ws.CLOSED;
    duplex.destroy();
    await once(duplex, 'close');
    assert.deepStrictEqual(ws.calls, []);
  });

  it('ignores the end of the WebSocket afterwards', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);

    duplex.on('end', () => assert.fail('The stream was destroyed'));
    duplex.resume().destroy();
    ws.closed();
    await once(duplex, 'close');
  });
});

describe('An error of the WebSocket', () => {
  it('destroys the stream but leaves time for the close frame', async () => {
    const ws = new FakeWebSocket();
    const duplex = createWebSocketStream(ws);
    const error = new Error('Oops');

    ws.emit('error', error);
    assert.strictEqual(duplex.destroyed, true);
    assert.deepStrictEqual(ws.calls, []);

    ws.closed();
    assert.deepStrictEqual(await once(duplex, 'error'), [error]);
  });

  it('throws if nobody listens to the errors of the stream', () => {
    const duplex = createWebSocketStream(new FakeWebSocket());
    const error = new Error('Oops');

    assert.throws(() => duplex.emit('error', error), error);
    assert.strictEqual(duplex.destroyed, true);
  });
});

describe('A pipeline over the stream', () => {
  it('carries a megabyte to a server and back', async (t) => {
    const wss = serve(t);
    const source = Buffer.alloc(1 << 20, 'ws-rs');

    wss.on('connection', (ws) => {
      const echo = createWebSocketStream(ws);

      echo.pipe(echo);
    });

    const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
    const duplex = createWebSocketStream(ws);
    const echoed = [];
    let size = 0;

    duplex.on('data', (chunk) => {
      echoed.push(chunk);
      size += chunk.length;
      if (size === source.length) duplex.end();
    });

    for (let i = 0; i < source.length; i += 10_000) {
      const chunk = source.subarray(i, i + 10_000);

      if (!duplex.write(chunk)) await once(duplex, 'drain');
    }

    await once(duplex, 'close');
    assert.ok(Buffer.concat(echoed).equals(source));
  });

  it('ends well on both sides', async (t) => {
    const wss = serve(t);
    const received = new Promise((resolve) => {
      wss.on('connection', (ws) => resolve(buffer(createWebSocketStream(ws))));
    });
    const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);
    const duplex = createWebSocketStream(ws).resume();

    await pipeline([Buffer.from('a'), Buffer.from('b')], duplex);
    assert.deepStrictEqual(await received, Buffer.from('ab'));
  });
});
