'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { PassThrough } = require('node:stream');
const { describe, it } = require('node:test');

const TakenSocket = require('../../lib/wire/taken-socket');

const { kLoop, kOutput } = TakenSocket;

/** One end of a TCP connection, taken, the other end, and what was noted. */
async function openTaken(t) {
  const server = net.createServer({ allowHalfOpen: true });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const far = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  const log = [];
  const output = {
    bytesRead: 0,
    bytesWritten: 0,
    hasTimeout: false,
    rest: null,
    beforeSocket: () => log.push('beforeSocket'),
    close: () => log.push('close'),
    takeRest: () => {
      log.push('takeRest');
      return output.rest;
    }
  };
  const loop = {
    demote: () => {
      log.push('demote');
      socket[kLoop] = null;
    },
    onDestroy: () => log.push('onDestroy'),
    setPaused: (paused) => log.push(`setPaused ${paused}`),
    setReferenced: (referenced) => log.push(`setReferenced ${referenced}`)
  };

  t.after(() => {
    socket.destroy();
    far.destroy();
    server.close();
  });
  far.on('error', () => {});
  Object.setPrototypeOf(socket, TakenSocket.prototype);
  socket[kOutput] = output;
  socket[kLoop] = loop;
  return { far, log, loop, output, socket };
}

const listener = () => {};

/** Whether the loop transport lets go of the socket. */
const ACTS = {
  "on('data')": [true, (socket) => socket.on('data', listener)],
  "addListener('data')": [true, (s) => s.addListener('data', listener)],
  "prependListener('data')": [true, (s) => s.prependListener('data', listener)],
  "once('data')": [true, (s) => s.once('data', listener)],
  "on('readable')": [true, (s) => s.on('readable', listener)],
  'push()': [true, (s) => s.push(Buffer.from('a'))],
  'unshift()': [true, (s) => s.unshift(Buffer.from('a'))],
  'pipe()': [true, (s) => s.pipe(new PassThrough())],
  'setEncoding()': [true, (s) => s.setEncoding('latin1')],
  'setTimeout(60000)': [true, (s) => s.setTimeout(60_000)],
  'setTimeout(0)': [false, (s) => s.setTimeout(0)],
  "on('close')": [false, (s) => s.on('close', listener)],
  "prependListener('end')": [false, (s) => s.prependListener('end', listener)],
  'pause()': [false, (s) => s.pause()],
  'resume()': [false, (s) => s.resume()],
  'write()': [false, (s) => s.write('a')],
  'end()': [false, (s) => s.end()],
  'setNoDelay()': [false, (s) => s.setNoDelay()],
  'address()': [false, (s) => s.address()]
};

describe('The loop transport of a taken socket', () => {
  for (const [name, [isDemoted, act]] of Object.entries(ACTS)) {
    it(`${isDemoted ? 'lets go' : 'keeps hold'} of it at ${name}`, async (t) => {
      const { log, loop, socket } = await openTaken(t);

      act(socket);
      assert.strictEqual(
        log.filter((entry) => entry === 'demote').length,
        isDemoted ? 1 : 0
      );
      assert.strictEqual(socket[kLoop], isDemoted ? null : loop);
    });
  }

  it('lets go of it when its last data listener is taken away', async (t) => {
    for (const remove of [
      (socket, second) => socket.removeListener('data', second),
      (socket, second) => socket.off('data', second),
      (socket) => socket.removeAllListeners('data'),
      (socket) => socket.removeAllListeners()
    ]) {
      const { log, loop, socket } = await openTaken(t);
      const first = () => {};
      const second = () => {};

      socket[kLoop] = null;
      socket.on('data', first).on('data', second).on('close', first);
      socket[kLoop] = loop;
      socket.removeListener('data', first).removeListener('close', first);
      assert.deepStrictEqual(log, []);
      assert.strictEqual(remove(socket, second), socket);
      assert.deepStrictEqual(log, ['demote']);
      assert.strictEqual(socket.listenerCount('data'), 0);
    }
  });

  it('is told when the socket is paused, resumed and referenced', async (t) => {
    const { log, socket } = await openTaken(t);

    assert.strictEqual(socket.pause(), socket);
    assert.strictEqual(socket.isPaused(), true);
    socket.resume();
    assert.strictEqual(socket.isPaused(), false);
    socket.unref();
    socket.ref();
    assert.deepStrictEqual(log, [
      'setPaused true',
      'setPaused false',
      'setReferenced false',
      'setReferenced true'
    ]);
  });
});

describe('The frames of a taken socket', () => {
  it('go before what the program writes, corks and ends', async (t) => {
    const { far, log, socket } = await openTaken(t);
    let text = '';

    far.setEncoding('latin1').on('data', (data) => (text += data));
    socket.write('a');
    socket.cork();
    socket.write('b');
    socket.uncork();
    socket.end('c');
    assert.deepStrictEqual(log.slice(0, 4), Array(4).fill('beforeSocket'));
    await once(far, 'end');
    assert.strictEqual(text, 'abc');
  });

  it('are written up to the last one before it is closed', async (t) => {
    const { far, log, output, socket } = await openTaken(t);
    let text = '';

    far.setEncoding('latin1').on('data', (data) => (text += data));
    output.rest = Buffer.from('rest');
    socket.destroy();
    await once(far, 'end');
    assert.strictEqual(text, 'rest');
    // The descriptor is let go of before Node closes it.
    assert.deepStrictEqual(log, ['takeRest', 'close', 'onDestroy']);
  });

  it('are counted, and so is what was read past the socket', async (t) => {
    const { output, socket } = await openTaken(t);

    output.bytesWritten = 10;
    output.bytesRead = 20;
    socket.write('abc');
    assert.strictEqual(socket.bytesWritten, 13);
    assert.strictEqual(socket.bytesRead, 20);
  });

  it('count as activity where the program has set a timeout', async (t) => {
    const { output, socket } = await openTaken(t);

    socket.setTimeout(60_000);
    assert.strictEqual(output.hasTimeout, true);
    socket.setTimeout(0);
    assert.strictEqual(output.hasTimeout, false);
  });
});

describe('A taken socket', () => {
  it('is a net.Socket to everybody else', async (t) => {
    const { socket } = await openTaken(t);

    assert.ok(socket instanceof net.Socket);
    assert.strictEqual(socket.constructor, net.Socket);
  });

  it('does what a net.Socket does when it is not on loop', async (t) => {
    const { far, log, socket } = await openTaken(t);

    socket[kLoop] = null;
    socket.pause().resume().unref().ref();
    far.write('hello');
    assert.strictEqual(String((await once(socket, 'data'))[0]), 'hello');
    socket.setTimeout(60_000).setTimeout(0);
    socket.destroy();
    await once(socket, 'close');
    assert.deepStrictEqual(log, ['takeRest', 'close']);
  });
});
