'use strict';

const assert = require('node:assert');
const { EventEmitter, once } = require('node:events');
const { describe, it } = require('node:test');

const { kWebSocket } = require('../../lib/constants');
const {
  ignoreData,
  listenToSocket
} = require('../../lib/connection/socket-listeners');
const { duplexPair } = require('../support/pairs');
const { tick } = require('../support/events');

const CLOSING = 2;
const NAMES = ['close', 'data', 'end', 'error'];

/** What the listeners know of a connection; it notes what it is told. */
class FakeConnection {
  failed = false;
  /** Whether all that came was handed out. */
  isFinished = true;
  isOver = false;
  log = [];
  _finished = null;

  constructor(websocket = {}) {
    this.websocket = Object.assign(new EventEmitter(), {
      _closeFrameReceived: false,
      _closeTimer: setTimeout(() => {}, 60_000).unref(),
      _readyState: 1,
      emitClose: () => this.log.push('emitClose'),
      ...websocket
    });
  }

  feed(chunk) {
    this.log.push(`feed ${chunk}`);
  }

  beforeEnd() {}

  end() {
    this.log.push('end');
  }

  whenFinished(callback) {
    if (this.isFinished) callback();
    else this._finished = callback;
  }
}

/** A socket that is listened to, the other end of it, and the connection. */
function listen(options) {
  const [socket, far] = duplexPair();
  const connection = new FakeConnection(options);

  socket[kWebSocket] = connection.websocket;
  listenToSocket(socket, connection);
  return { connection, far, socket };
}

function counts(socket) {
  return NAMES.map((name) => socket.listenerCount(name));
}

describe('A socket that is listened to', () => {
  it('feeds its chunks to the connection', async () => {
    const { connection, far, socket } = listen();

    assert.deepStrictEqual(counts(socket).slice(0, 2), [1, 1]);
    far.write('ab');
    await once(socket, 'data');
    far.write('c');
    await once(socket, 'data');
    assert.deepStrictEqual(connection.log, ['feed ab', 'feed c']);
  });

  it('goes on when the connection throws, with what was read', async (t) => {
    const { connection, far, socket } = listen();
    const error = new Error('Oops');
    const thrown = [];
    const heard = () => connection.log.join('').replaceAll('feed ', '');

    connection.feed = function (chunk) {
      this.log.push(`feed ${chunk}`);
      if (this.log.length === 1) throw error;
    };
    socket.pause();
    far.write('1');
    far.write('2');
    while (socket.readableLength < 2) await tick();

    // As an event loop would meet it.
    process.setUncaughtExceptionCaptureCallback((err) => thrown.push(err));
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    socket.resume();
    while (thrown.length === 0 || heard() !== '12') await tick();
    assert.deepStrictEqual(thrown, [error]);
  });

  it('tells of its end, and ends itself', async () => {
    const { connection, far, socket } = listen();

    far.end('last');
    await once(socket, 'finish');
    assert.deepStrictEqual(connection.log.slice(0, 2), ['feed last', 'end']);
    assert.strictEqual(connection.websocket._readyState, CLOSING);
  });

  it('is destroyed by the first error, and later ones are nothing', async () => {
    const { connection, socket } = listen();

    socket.emit('error', new Error('first'));
    assert.strictEqual(socket.destroyed, true);
    assert.strictEqual(connection.websocket._readyState, CLOSING);
    socket.emit('error', new Error('second'));
    await once(socket, 'close');
  });

  it('is not destroyed by an error that belongs to nobody', () => {
    const { connection, socket } = listen();

    socket[kWebSocket] = undefined;
    socket.emit('error', new Error('first'));
    assert.strictEqual(socket.destroyed, false);
    assert.strictEqual(connection.websocket._readyState, 1);
    socket.emit('error', new Error('second'));
    socket.destroy();
  });
});

describe('A socket that was closed', () => {
  it('is left without listeners, timer and WebSocket', async () => {
    const { connection, socket } = listen();
    const { websocket } = connection;

    socket.destroy();
    await once(socket, 'close');
    // The one for errors stays: some come late.
    assert.deepStrictEqual(counts(socket), [0, 0, 0, 1]);
    assert.strictEqual(socket[kWebSocket], undefined);
    assert.strictEqual(websocket._readyState, CLOSING);
    assert.strictEqual(websocket._closeTimer._destroyed, true);
  });

  for (const isOver of [true, false]) {
    const when = isOver ? 'at once' : 'a tick later';

    it(`emits close ${when} if it ${isOver ? 'was' : 'was not'} expected`, async () => {
      const { connection, socket } = listen();
      const { log } = connection;
      let behind;

      connection.isOver = isOver;
      // Behind the listener that is looked at.
      socket.on('close', () => (behind = [...log]));
      socket.destroy();
      await once(socket, 'close');
      assert.deepStrictEqual(behind, isOver ? ['end', 'emitClose'] : ['end']);
      await new Promise(process.nextTick);
      assert.deepStrictEqual(log, ['end', 'emitClose']);
    });
  }

  it('emits close together with what it waited for', async () => {
    const { connection, socket } = listen();
    const { log } = connection;

    connection.isFinished = false;
    socket.destroy();
    await once(socket, 'close');
    await tick();
    assert.deepStrictEqual(log, ['end']);
    connection._finished();
    assert.deepStrictEqual(log, ['end', 'emitClose']);
  });

  /** What the connection is told of a byte that a paused socket has. */
  async function leftOver({ failed = false, ...websocket } = {}) {
    const { connection, far, socket } = listen(websocket);

    connection.failed = failed;
    socket.pause();
    far.write('x');
    while (socket.readableLength === 0) await tick();
    socket.destroy();
    await once(socket, 'close');
    await new Promise(process.nextTick);
    return connection.log;
  }

  it('hands out what it had read while it was paused', async () => {
    assert.deepStrictEqual(await leftOver(), ['feed x', 'end', 'emitClose']);
  });

  it('emits close a tick later if the close frame was among that', async () => {
    const { connection, far, socket } = listen();
    const { log } = connection;
    let behind;

    connection.feed = () => (connection.isOver = true);
    socket.pause();
    far.write('x');
    while (socket.readableLength === 0) await tick();
    socket.on('close', () => (behind = [...log]));
    socket.destroy();
    await once(socket, 'close');
    assert.deepStrictEqual(behind, ['end']);
    await new Promise(process.nextTick);
    assert.deepStrictEqual(log, ['end', 'emitClose']);
  });

  it('does not if nobody is to hear it', async () => {
    const silent = ['end', 'emitClose'];

    assert.deepStrictEqual(await leftOver({ failed: true }), silent);
    assert.deepStrictEqual(
      await leftOver({ _closeFrameReceived: true }),
      silent
    );
  });
});

describe('ignoreData', () => {
  it('leaves the connection alone, but the socket flowing to its end', async () => {
    const { connection, far, socket } = listen();

    far.write('heard');
    await once(socket, 'data');
    ignoreData(socket);
    assert.strictEqual(socket.listenerCount('data'), 0);
    far.end('not heard');
    await once(socket, 'end');
    // It ends, and closes.
    assert.deepStrictEqual(
      connection.log.filter((line) => line.startsWith('feed')),
      ['feed heard']
    );
  });

  it('goes by a removal that a program has put on the socket', () => {
    const { socket } = listen();
    const removed = [];

    socket.removeListener = function (name, listener) {
      removed.push(name);
      return Object.getPrototypeOf(this).removeListener.call(
        this,
        name,
        listener
      );
    };
    ignoreData(socket);
    assert.deepStrictEqual(removed, ['data']);
    assert.strictEqual(socket.listenerCount('data'), 0);
  });
});
