'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { Duplex, PassThrough } = require('node:stream');
const { describe, it } = require('node:test');
const tls = require('node:tls');
const { inspect } = require('node:util');

const { kOutbox } = require('../../lib/wire/behind-frames');
const {
  announce,
  hook,
  isPlain,
  kLoop
} = require('../../lib/wire/taken-socket');
const { FakeOutbox, take } = require('../support/fake-outbox');

class OwnSocket extends net.Socket {}

/** One end of a TCP connection, taken, the other end, and what was noted. */
async function openTaken(t) {
  const server = net.createServer({ allowHalfOpen: true });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const far = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  const outbox = take(socket);
  const { log } = outbox;
  const loop = {
    demote: () => {
      log.push('demote');
      socket[kLoop] = null;
    },
    release: () => {
      log.push('release');
      socket[kLoop] = null;
    },
    setPaused: (paused) => log.push(`setPaused ${paused}`),
    setReferenced: (referenced) => log.push(`setReferenced ${referenced}`)
  };

  t.after(() => {
    socket.destroy();
    far.destroy();
    server.close();
  });
  far.on('error', () => {});
  socket[kLoop] = loop;
  return { far, log, loop, outbox, socket };
}

const listener = () => {};

describe('isPlain', () => {
  it('is true for a net.Socket, also when it was hooked', () => {
    const socket = new net.Socket();

    assert.strictEqual(isPlain(socket), true);
    take(socket);
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
  it('tells a socket of its outbox, and that it is on no loop', () => {
    const socket = new net.Socket();
    const outbox = new FakeOutbox();

    announce(socket, outbox);
    assert.strictEqual(socket[kOutbox], outbox);
    assert.strictEqual(socket[kLoop], null);
    assert.deepStrictEqual(Object.keys(socket), Object.keys(new net.Socket()));
  });
});

/** Streams of all sorts, each with a class of its own. */
const STREAMS = {
  'a net.Socket': () => new net.Socket(),
  'a socket of a class of its own': () => new OwnSocket(),
  'a TLSSocket': () => new tls.TLSSocket(new net.Socket()),
  'a socket of an HTTP agent': () =>
    new http.Agent().createConnection({ port: 9, host: '127.0.0.1' }),
  'a mere duplex': () => new Duplex({ read() {}, write() {} }),
  'a PassThrough': () => new PassThrough()
};

/** What `for ... in` finds. */
function namesOf(object) {
  const names = [];

  for (const name in object) names.push(name);
  return names.sort();
}

describe('hook', () => {
  for (const [name, create] of Object.entries(STREAMS)) {
    it(`leaves ${name} what it is to everybody else`, () => {
      const socket = create();
      const { constructor } = socket;

      socket.on('error', listener);

      const keys = Object.keys(socket);
      const names = namesOf(socket);
      const before = inspect(socket, { depth: 0 });

      take(socket);
      assert.strictEqual(socket.constructor, constructor);
      assert.ok(socket instanceof constructor);
      assert.ok(socket instanceof Duplex);
      assert.deepStrictEqual(Object.keys(socket), keys);
      assert.deepStrictEqual(namesOf(socket), names);
      assert.ok(!Object.hasOwn(socket, 'write'));
      // Two symbols more are all that can be seen.
      assert.strictEqual(
        inspect(socket, { depth: 0 }).split('\n')[0],
        before.split('\n')[0]
      );
      assert.doesNotThrow(() => inspect(socket, { showHidden: true }));
      socket.destroy();
    });
  }

  it('gives streams of one class one prototype', () => {
    const first = new OwnSocket();
    const second = new OwnSocket();

    take(first);
    take(second);
    assert.strictEqual(
      Object.getPrototypeOf(first),
      Object.getPrototypeOf(second)
    );
    assert.strictEqual(hook(first), first.write);
    assert.notStrictEqual(
      Object.getPrototypeOf(new OwnSocket()),
      Object.getPrototypeOf(first)
    );
  });
});

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
    assert.deepStrictEqual(
      log.filter((entry) => entry === 'yieldToStream'),
      Array(4).fill('yieldToStream')
    );
    await once(far, 'end');
    assert.strictEqual(text, 'abc');
  });

  it('go before what is written past its write()', async (t) => {
    const { far, log, outbox, socket } = await openTaken(t);
    let text = '';

    far.setEncoding('latin1').on('data', (data) => (text += data));
    outbox.blockedLength = 4;
    outbox.rest = {
      bytes: Buffer.from('rest'),
      callback: (err) => log.push(`rest ${err ?? 'written'}`)
    };
    await new Promise((resolve) => {
      net.Socket.prototype.write.call(socket, 'YQ==', 'base64', resolve);
    });
    assert.deepStrictEqual(log, ['takeRest', 'rest written']);
    while (text.length < 5) await once(far, 'data');
    assert.strictEqual(text, 'resta');
  });

  it('are written or lost before the descriptor is closed', async (t) => {
    const { log, socket } = await openTaken(t);

    socket.destroy();
    assert.deepStrictEqual(log.slice(0, 3), ['writeNow', 'close', 'release']);
    await once(socket, 'close');
    assert.deepStrictEqual(log.slice(3), ['lost null']);
  });

  it('are counted, and so is what was read past the socket', async (t) => {
    const { outbox, socket } = await openTaken(t);

    outbox.bytesWritten = 10;
    outbox.bytesRead = 20;
    socket.write('abc');
    assert.strictEqual(socket.bytesWritten, 13);
    assert.strictEqual(socket.bytesRead, 20);
  });

  it('are what is buffered, too', async (t) => {
    const { outbox, socket } = await openTaken(t);

    assert.strictEqual(socket.writableLength, 0);
    assert.strictEqual(socket.writableNeedDrain, false);
    outbox.blockedLength = 10;
    assert.strictEqual(socket.writableLength, 10);
    assert.strictEqual(socket.bufferSize, 10);
    assert.strictEqual(socket.writableNeedDrain, false);
    outbox.blockedLength = socket.writableHighWaterMark;
    assert.strictEqual(socket.writableNeedDrain, true);
    socket.destroy();
    assert.strictEqual(socket.writableNeedDrain, false);
  });
});

describe('A taken socket', () => {
  it('does what a net.Socket does when it is not on loop', async (t) => {
    const { far, log, socket } = await openTaken(t);

    socket[kLoop] = null;
    socket.pause().resume().unref().ref();
    far.write('hello');
    assert.strictEqual(String((await once(socket, 'data'))[0]), 'hello');
    socket.setTimeout(60_000).setTimeout(0);
    socket.destroy();
    await once(socket, 'close');
    assert.deepStrictEqual(log, ['writeNow', 'close', 'lost null']);
  });

  it('is let go of when its handle was taken away', async (t) => {
    const { log, socket } = await openTaken(t);
    const { _handle: handle } = socket;

    socket._handle = null;
    // As Node does that sends it to another process.
    socket.setTimeout(0);
    handle.close();
    await new Promise(process.nextTick);
    assert.deepStrictEqual(log, [
      'writeNow',
      'close',
      'release',
      'lost undefined'
    ]);
  });
});
