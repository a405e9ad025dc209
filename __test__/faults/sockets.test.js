'use strict';

// What programs do to the socket below a WebSocket: they close its handle, send it to another
// process, replace its write(). It stays the affair of that one connection.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { describe, it, mock } = require('node:test');
const net = require('node:net');
const { once } = require('node:events');

const {
  messagesOf,
  openEnds,
  ROLES,
  sleep,
  turns,
  until
} = require('../support/ends');
const { isolated } = require('../support/programs');
const { HOST, onlyHere } = require('../support/wires');

/** Closes the handle, and has the next socket get the descriptor's number. */
async function closeHandle(t, { openEnds, turns, sleep }, { how, role, wire }) {
  const net = require('node:net');
  const { near } = await openEnds(t, {
    role,
    wire,
    deflate: how === 'deflate'
  });
  const got = [];
  const server = net.createServer().listen(0, '127.0.0.1');

  // With ws sending may end in an error, which is all right.
  process.on('uncaughtException', () => {});
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('data', (c) => got.push(c)));
  near.send('first');
  await turns();
  if (how === 'waiting') near.send('waiting');
  if (how === 'blob') near.send(new Blob(['a secret']));
  near._socket._handle.close();
  await turns(3);

  const strangers = [];

  while (strangers.length < 3) {
    const stranger = net.connect(server.address().port, '127.0.0.1');

    stranger.on('data', (chunk) => got.push(chunk));
    strangers.push(stranger);
    await once(stranger, 'connect');
  }
  await turns();

  for (const send of [
    () => near.send('a secret'),
    () => near.send(Buffer.alloc(40000, 'a secret')),
    () => near.ping('a secret'),
    () => near.close(1000, 'a secret'),
    () => near.terminate()
  ]) {
    try {
      send();
    } catch {
      // As said.
    }
    await turns(5);
  }

  await sleep(20);
  return {
    got: Buffer.concat(got).toString('latin1'),
    open: strangers.filter((socket) => !socket.destroyed).length
  };
}

describe('a handle that the program closes', () => {
  for (const how of ['idle', 'waiting', 'blob', 'deflate']) {
    it(`keeps what is sent from other sockets (${how})`, async () => {
      for (const role of ROLES) {
        for (const wire of onlyHere(['tcp', 'unix'])) {
          assert.deepStrictEqual(
            await isolated(closeHandle, { how, role, wire }),
            { got: '', open: 3 }
          );
        }
      }
    });
  }
});

describe('a socket that is sent to another process', () => {
  for (const wire of onlyHere(['tcp', 'unix'])) {
    for (const sends of [
      ['last'],
      ['one', 'two', 'three'],
      ['x'.repeat(20000)]
    ]) {
      it(`has what was sent before it (${wire}, ${sends.length} of ${sends[0].length})`, async (t) => {
        const child = fork(require.resolve('../support/write-to-socket'));

        t.after(() => child.kill());
        for (const settled of [true, false]) {
          const { near, far } = await openEnds(t, { wire });
          const got = messagesOf(far);

          if (settled) await sleep(50);
          for (const data of sends) near.send(data);
          child.send('socket', near._socket);
          await until(() => got.includes('child'));
          assert.deepStrictEqual(got, [...sends, 'child']);
        }
      });
    }
  }

  it('leaves the other connections alone', async (t) => {
    const child = fork(require.resolve('../support/write-to-socket'));
    const one = await openEnds(t);
    const other = await one.another();
    const got = messagesOf(other.far);

    t.after(() => child.kill());
    one.near.send('last');
    other.near.send('before');
    child.send('socket', one.near._socket);
    other.near.send('after');
    await until(() => got.length === 2);
    other.near.on('message', (data) => other.near.send(data));
    other.far.send('echo');
    await until(() => got.length === 3);
    assert.deepStrictEqual(got, ['before', 'after', 'echo']);
  });
});

/** Has one socket's write() throw, and asks whether the others get theirs. */
async function throwing(
  t,
  { messagesOf, openEnds, until },
  { role, wire, first }
) {
  const one = await openEnds(t, { role, wire });
  const other = await openEnds(t, { role, wire });
  const got = messagesOf(other.far);
  const fails = () => {
    throw new Error('not writable');
  };

  process.on('uncaughtException', () => {});
  if (first) other.near.send('0');
  for (const name of ['write', '_write', '_writev', '_writeGeneric']) {
    if (one.near._socket[name]) one.near._socket[name] = fails;
  }
  for (let i = 0; i < 3; i++) {
    try {
      one.near.send('x');
    } catch {
      // It may throw here or later.
    }
  }
  other.near.send('1');
  await until(() => got.length === (first ? 2 : 1));
  other.near.send('2');
  await until(() => got.length === (first ? 3 : 2));
  other.near.send('3');
  one.near.terminate();
  other.near.send('4');
  await until(() => got.includes('4'));
  return got.join('');
}

describe('a socket whose write() throws', () => {
  for (const wire of onlyHere(['tcp', 'unix', 'tls', 'duplex'])) {
    it(`keeps nobody else from sending (${wire})`, async () => {
      for (const role of ROLES) {
        for (const first of [false, true]) {
          assert.strictEqual(
            await isolated(throwing, { first, role, wire }),
            first ? '01234' : '1234'
          );
        }
      }
    });
  }

  it('keeps nobody else from hearing, in their listeners', async (t) => {
    const one = await openEnds(t);
    const other = await one.another();
    const got = messagesOf(other.far);

    other.near.on('message', (data) => {
      try {
        one.near.send(data);
      } catch {
        // Now or later.
      }
      other.near.send(data);
    });
    mock.method(one.near._socket, 'write', () => {
      throw new Error('not writable');
    });
    for (const i of [1, 2, 3]) {
      other.far.send(`${i}`);
      await until(() => got.length === i);
    }
  });
});

describe('a spy on socket.write()', () => {
  const ways = {
    'mock.method': (socket, write) => mock.method(socket, 'write', write),
    assignment: (socket, write) => (socket.write = write),
    defineProperty: (socket, write) =>
      Object.defineProperty(socket, 'write', {
        configurable: true,
        value: write
      }),
    'a getter': (socket, write) =>
      Object.defineProperty(socket, 'write', {
        configurable: true,
        get: () => write
      })
  };

  for (const [name, spy] of Object.entries(ways)) {
    for (const wire of onlyHere(['tcp', 'unix', 'tls'])) {
      it(`sees the frames, and lets them through (${name}, ${wire})`, async (t) => {
        for (const role of ROLES) {
          const { near, far } = await openEnds(t, { role, wire });
          const got = messagesOf(far);
          const original = near._socket.write;
          let bytes = 0;

          near.send('warm up');
          await until(() => got.length === 1);
          spy(near._socket, function (chunk, ...args) {
            bytes += Buffer.byteLength(chunk, args[0]);
            return original.call(this, chunk, ...args);
          });
          near.send('one');
          await until(() => got.length === 2);
          near.send('two');
          near.send('three'.repeat(10000));
          near.ping('four');
          await until(() => got.length === 4);
          await turns();
          assert.deepStrictEqual(got.slice(0, 3), ['warm up', 'one', 'two']);

          const heads = role === 'client' ? 6 + 6 + 8 + 6 : 2 + 2 + 4 + 2;

          assert.strictEqual(bytes, heads + 3 + 3 + 50000 + 4);
        }
      });
    }
  }

  it('that lets nothing through has nothing sent', async (t) => {
    for (const role of ROLES) {
      const { near, far } = await openEnds(t, { role });
      const got = messagesOf(far);
      const spy = mock.method(near._socket, 'write', () => true);

      near.send('one');
      near.send(Buffer.alloc(20000));
      await sleep(20);
      assert.deepStrictEqual(got, []);
      assert.ok(spy.mock.callCount() > 0);
      spy.mock.restore();
      near.send('two');
      await until(() => got.length === 1);
      assert.deepStrictEqual(got, ['two']);
    }
  });
});

describe('a descriptor that is used again', () => {
  it('is the new connection alone', async (t) => {
    const { another } = await openEnds(t);
    const server = net.createServer((socket) => socket.pipe(socket));

    t.after(() => server.close());
    server.listen(0, HOST);
    await once(server, 'listening');

    for (let i = 0; i < 20; i++) {
      const { near, far } = await another();
      const got = messagesOf(far);

      near.send(`to ${i}`);
      await until(() => got.length === 1);
      near.terminate();
      near.send('never', () => {});

      const stranger = net.connect(server.address().port, HOST);
      const echo = [];

      stranger.on('data', (chunk) => echo.push(`${chunk}`));
      stranger.write('mine');
      await until(() => echo.length === 1);
      assert.deepStrictEqual([echo, got], [['mine'], [`to ${i}`]]);
      stranger.destroy();
    }
  });
});
