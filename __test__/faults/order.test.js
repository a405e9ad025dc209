'use strict';

// What is sent in one tick, and how a connection ends then: the order on the wire is the program's,
// with nothing torn, and nothing behind a gap.

const assert = require('node:assert');
const http = require('node:http');
const { describe, it } = require('node:test');

const {
  messagesOf,
  openEnds,
  openRaw,
  ROLES,
  sleep,
  turns,
  until
} = require('../support/ends');
const { FrameReader, MASK, frame } = require('../support/frames');
const { HOST, onlyHere } = require('../support/wires');

const LONG = 14e6;
const HEAD = { client: 14, server: 10 };

/** What a peer gets in the end that begins to read a long message. */
async function readUntilClosed(socket, onProgress, from = 300000) {
  const chunks = [];
  let length = 0;

  socket.on('data', (chunk) => {
    const before = length;

    chunks.push(chunk);
    length += chunk.length;
    if (before < from && length >= from) onProgress();
  });
  socket.on('end', () => socket.end());
  socket.resume();
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks);
}

const isWindows = process.platform === 'win32';

describe('a message that is half written', () => {
  const ends = {
    terminate: (ws) => ws.terminate(),
    'socket.destroy': (ws) => ws._socket.destroy(),
    'socket.destroy with an error': (ws) => ws._socket.destroy(new Error('x'))
  };

  for (const wire of onlyHere(['tcp', 'unix', 'tls', 'duplex'])) {
    for (const [name, end] of Object.entries(ends)) {
      it(`has nothing in its middle after ${name} (${wire})`, async (t) => {
        for (const role of ROLES) {
          for (const [count, size] of [
            [1, 8000],
            [3, 20]
          ]) {
            const near =
              role === 'client' ? { generateMask: (mask) => mask.fill(0) } : {};
            const { socket, ws } = await openRaw(t, { near, role, wire });

            ws.send(Buffer.alloc(LONG, 'A'));
            await turns(5);

            const bytes = await readUntilClosed(socket, () => {
              for (let i = 0; i < count; i++) ws.send('B'.repeat(size));
              ws.ping('B');
              end(ws);
            });

            const payload = bytes.subarray(HEAD[role]);
            assert.strictEqual(payload.indexOf('B'), -1);
            assert.ok(payload.length < LONG);
          }
        }
      });
    }
  }

  for (const wire of onlyHere(['tcp', 'unix', 'tls', 'duplex'])) {
    it(`is whole, as is what follows, when it is closed (${wire})`, async (t) => {
      for (const role of ROLES) {
        const { near, far } = await openEnds(t, { role, wire });
        const got = messagesOf(far, (data) => data.length);
        const codes = [];

        far.on('close', (code) => codes.push(code));
        far.pause();
        near.send(Buffer.alloc(LONG));
        await sleep(20);
        for (let i = 1; i <= 5; i++) near.send(Buffer.alloc(i));
        await sleep(20);
        near.send(Buffer.alloc(30000));
        near.close(4321);
        far.resume();
        await until(() => codes.length === 1);
        assert.deepStrictEqual(got, [LONG, 1, 2, 3, 4, 5, 30000]);
        assert.deepStrictEqual(codes, [4321]);
      }
    });
  }
});

describe('what is sent in one tick', () => {
  for (const wire of onlyHere(['tcp', 'unix', 'tls', 'duplex'])) {
    it(`arrives in its order, whatever it is (${wire})`, async (t) => {
      for (const role of ROLES) {
        for (const deflate of [false, true]) {
          const { near, far } = await openEnds(t, { deflate, role, wire });
          const got = [];

          far.on('message', (data) => got.push(`${data}`.slice(0, 3)));
          far.on('ping', (data) => got.push(`ping ${data}`));
          far.on('pong', (data) => got.push(`pong ${data}`));
          near.send('one');
          near.ping('a');
          near.send(Buffer.from('two'));
          near.send(new Blob(['3..']));
          near.send('4..'.repeat(30000));
          near.pong('b');
          near.send('5..', { compress: false });
          near.send('6..', { fin: false });
          near.ping('c');
          near.send('rest');
          near.send(new Uint8Array([55, 46, 46]).buffer);
          near.close();
          await until(() => far.readyState === 3);
          assert.deepStrictEqual(got, [
            'one',
            'ping a',
            'two',
            '3..',
            '4..',
            'pong b',
            '5..',
            'ping c',
            '6..',
            '7..'
          ]);
        }
      }
    });

    it(`keeps its order with what the socket is given (${wire})`, async (t) => {
      for (const role of ROLES) {
        const { socket, ws } = await openRaw(t, { role, wire });
        const mask = role === 'client' ? MASK : null;
        const reader = new FrameReader();
        const got = [];

        socket.on('data', (chunk) => {
          for (const { payload } of reader.push(chunk)) got.push(`${payload}`);
        });
        socket.resume();

        for (let round = 0; round < 3; round++) {
          ws.send(`${round} a`);
          ws._socket.write(frame(1, `${round} b`, { mask }));
          ws.send(`${round} c`);
          ws.send(`${round} d`);
          ws._socket.cork();
          ws._socket.write(frame(1, `${round} e`, { mask }));
          ws.send(`${round} f`);
          ws._socket.uncork();
          ws._socket.write(frame(1, `${round} g`, { mask }));
          await turns();
        }

        await until(() => got.length === 21);
        assert.strictEqual(
          got.join(),
          [0, 1, 2]
            .flatMap((round) => [...'abcdefg'].map((c) => `${round} ${c}`))
            .join()
        );
      }
    });
  }
});

describe('what a request handler sends before it answers', () => {
  for (const wire of onlyHere(['tcp', 'unix'])) {
    it(`arrives before the answer (${wire})`, async (t) => {
      const { far, another, server, wss } = await openEnds(t, { wire });
      const ends = [{ far }, await another(), await another()];
      const got = ends.map((each) => messagesOf(each.far));
      const agent = new http.Agent({ keepAlive: true });
      const address = server.address();
      const where =
        wire === 'unix'
          ? { socketPath: address }
          : { host: HOST, port: address.port };

      t.after(() => agent.destroy());
      server.on('request', (request, response) => {
        for (const ws of wss.clients) ws.send(request.url);
        response.end('done');
      });
      await sleep(20);

      for (let i = 1; i <= 40; i++) {
        await new Promise((resolve, reject) => {
          const options = { agent, ...where, method: 'POST', path: `/${i}` };
          const request = http.request(options, (response) => {
            response.resume();
            response.on('end', resolve);
          });

          request.on('error', reject);
          request.end();
        });
        assert.deepStrictEqual(
          got.map((messages) => messages.at(-1)),
          [`/${i}`, `/${i}`, `/${i}`]
        );
        await sleep(1);
      }
    });
  }
});

describe('a close frame with the end of the stream right behind it', () => {
  for (const wire of onlyHere(['tcp', 'unix', 'tls', 'duplex'])) {
    for (const allowSynchronousEvents of [false, true]) {
      // Where each event takes a macrotask, messages let the end overtake the close frame: also in
      // `ws`, sooner or later, and on Windows (seen under Wine) at the first.
      const isEarly = isWindows || !['tcp', 'unix'].includes(wire);
      const late = isEarly ? [0] : [0, 1];
      const counts = allowSynchronousEvents ? [0, 1, 5] : late;

      it(`is answered (${wire}, synchronous: ${allowSynchronousEvents})`, async (t) => {
        for (const role of ROLES) {
          for (const messages of counts) {
            const near = { allowSynchronousEvents };
            const { socket, ws } = await openRaw(t, { near, role, wire });
            const mask = role === 'server' ? MASK : null;
            const reader = new FrameReader();
            const answers = [];
            const codes = [];

            ws.on('close', (code) => codes.push(code));
            ws.on('message', () => {});
            socket.on('data', (chunk) => {
              for (const { opcode, payload } of reader.push(chunk)) {
                answers.push(`${opcode} ${payload.toString('hex')}`);
              }
            });
            socket.resume();
            socket.end(
              Buffer.concat([
                ...Array(messages).fill(frame(1, 'A', { mask })),
                frame(8, Buffer.from('03e8', 'hex'), { mask })
              ])
            );
            await until(() => codes.length === 1);
            await until(() => answers.length === 1);
            assert.deepStrictEqual(codes, [1000]);
            assert.deepStrictEqual(answers, ['8 03e8']);
          }
        }
      });
    }
  }
});
