'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const takeHandle = require('../../lib/wire/taken-handle');

/** One end of a TCP connection. */
async function openSocket(t) {
  return (await openSockets(t)).socket;
}

/** Both ends of a TCP connection. */
async function openSockets(t) {
  const server = net.createServer().listen(0, '127.0.0.1');

  await once(server, 'listening');

  const far = net.connect(server.address().port, '127.0.0.1');
  const [[socket]] = await Promise.all([
    once(server, 'connection'),
    once(far, 'connect')
  ]);

  t.after(() => {
    socket.destroy();
    far.destroy();
    server.close();
  });
  far.on('error', () => {});
  return { far, socket };
}

/** Who hears of a handle that somebody closes. */
function watcher(onHandleClosing) {
  return { onHandleClosing, onHandleReading() {} };
}

describe('A handle that is taken', () => {
  for (const [how, close] of [
    ['close()', (socket) => socket._handle.close()],
    ['reset()', (socket) => socket._handle.reset()],
    ['destroy() of the socket', (socket) => socket.destroy()],
    ['resetAndDestroy() of the socket', (socket) => socket.resetAndDestroy()]
  ]) {
    it(`says that ${how} is about to close it, once`, async (t) => {
      const socket = await openSocket(t);
      const { fd } = socket._handle;
      const log = [];

      takeHandle(
        socket._handle,
        watcher(() => log.push(socket._handle?.fd ?? fd))
      );
      close(socket);
      assert.deepStrictEqual(log, [fd]);
      socket.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepStrictEqual(log, [fd]);
    });
  }

  it('is reset when that was asked for, though its socket is destroyed first', async (t) => {
    for (const [method, code] of [
      ['reset', 'ECONNRESET'],
      ['close', undefined]
    ]) {
      const { far, socket } = await openSockets(t);
      const { _handle: handle } = socket;
      let failure;

      far.on('error', (err) => (failure = err.code));
      takeHandle(
        handle,
        watcher(() => socket.destroy())
      );
      far.resume();
      handle[method]();
      await new Promise((resolve) => far.on('close', resolve));
      assert.strictEqual(failure, code);
    }
  });

  it('is the handle that it was to everybody else', async (t) => {
    const socket = await openSocket(t);
    const { _handle: handle } = socket;
    const Handle = handle.constructor;
    const keys = Object.keys(handle);

    takeHandle(
      handle,
      watcher(() => {})
    );
    assert.ok(handle instanceof Handle);
    assert.strictEqual(handle.constructor, Handle);
    assert.deepStrictEqual(Object.keys(handle), keys);
    assert.strictEqual(socket.address().family, 'IPv4');
  });

  it('may be taken again, by another one', async (t) => {
    const socket = await openSocket(t);
    const log = [];

    takeHandle(
      socket._handle,
      watcher(() => log.push('first'))
    );
    takeHandle(
      socket._handle,
      watcher(() => log.push('second'))
    );
    socket.destroy();
    assert.deepStrictEqual(log, ['second']);
  });
});

describe('beforeClosed', () => {
  it("calls back before the socket emits 'close'", async (t) => {
    const socket = await openSocket(t);
    const log = [];

    takeHandle(
      socket._handle,
      watcher(() => {})
    );
    takeHandle.beforeClosed(socket._handle, () => log.push('closed'));
    socket.on('close', () => log.push("'close'"));
    socket.destroy();
    assert.deepStrictEqual(log, []);
    await once(socket, 'close');
    assert.deepStrictEqual(log, ['closed', "'close'"]);
  });

  it('calls back soon where no handle is taken', async (t) => {
    const socket = await openSocket(t);
    const log = [];

    takeHandle.beforeClosed(null, () => log.push('no handle'));
    takeHandle.beforeClosed(socket._handle, () => log.push('not taken'));
    assert.deepStrictEqual(log, []);
    await new Promise(process.nextTick);
    assert.deepStrictEqual(log, ['no handle', 'not taken']);
  });
});
