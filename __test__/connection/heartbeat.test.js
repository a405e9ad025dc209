'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { CLOSE, FrameReader, MASK, PING, PONG } = require('../support/frames');
const { frame, TEXT } = require('../support/frames');
const { hex, ROLES, start } = require('../support/conversation');
const { skip: skipLoop, until } = require('../support/loop');
const { openPair, openRawClient } = require('../support/pairs');
const { bytesOf } = require('../support/peers');
const { evaluate } = require('../support/programs');
const { portOf, readHead, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');
const { httpServer, listen, WIRES } = require('../support/wires');
const native = require('../../lib/native');
const { kLight } = require('../../lib/wire/light-socket');
const timers = require('../../lib/timers');
const WebSocket = require('../../index');

/** Why no connection is accepted natively here, or `false`. */
const skipLight =
  process.env.WS_RS_ACCEPT === 'node' ? 'Node accepts all of them' : skipLoop;

/** Who does not answer is dead soon. */
const SHORT = { interval: 20, timeout: 20 };
/** Who answers is asked often, and has time: the machine may be busy. */
const PATIENT = { interval: 20, timeout: 600_000 };

/** Opens a raw connection to a server on a wire; frames that come are kept. */
async function openOn(t, wire, options) {
  const server = httpServer(wire);
  const wss = new WebSocket.Server({ server, ...options });
  const at = await listen(wire, server);
  const socket = at.connect();
  const connected = once(wss, 'connection');
  const frames = [];
  const reader = new FrameReader();
  const head = readHead(socket);
  // A pair of streams does not keep the process alive.
  const alive = setInterval(() => {}, 1e6);

  t.after(() => {
    clearInterval(alive);
    socket.destroy();
    for (const ws of wss.clients) ws.terminate();
    at.close();
  });
  socket.write(upgradeRequest());

  const { rest } = await head;
  const [ws] = await connected;

  frames.push(...reader.push(rest));
  socket.on('data', (chunk) => frames.push(...reader.push(chunk)));
  socket.resume();
  return { frames, socket, ws, wss };
}

function closeOf(ws) {
  ws.on('error', () => assert.fail('there is no error to be told of'));
  return once(ws, 'close');
}

/** Waits for a connection that is not heard to be found dead. */
async function aDeath(t, server = { heartbeat: SHORT }) {
  const { peer } = await openRawClient(t, server);

  await closeOf(peer);
}

for (const wire of WIRES) {
  describe(`A server's heartbeat, over ${wire},`, () => {
    it('ends a connection whose peer does not answer', async (t) => {
      const { frames, ws } = await openOn(t, wire, { heartbeat: SHORT });

      assert.deepStrictEqual(await closeOf(ws), [1006, Buffer.alloc(0)]);
      assert.deepStrictEqual(
        frames.map(({ fin, mask, opcode, payload, rsv }) => [
          ...[fin, mask, opcode, payload.length, rsv]
        ]),
        [[true, null, PING, 6, 0]]
      );
    });

    it('asks again and again who answers, and shows the program nothing', async (t) => {
      const { frames, socket, ws } = await openOn(t, wire, {
        heartbeat: PATIENT
      });

      ws.on('pong', () => assert.fail('it is nobody else’s'));

      for (let count = 1; count <= 4; count++) {
        await until(() => frames.length === count);

        const { opcode, payload } = frames[count - 1];

        assert.strictEqual(opcode, PING);
        assert.deepStrictEqual(payload, frames[0].payload);
        socket.write(frame(PONG, payload, { mask: MASK }));
      }

      assert.strictEqual(ws.readyState, WebSocket.OPEN);
    });

    it('ends no connection that is paused, and asks nothing there', async (t) => {
      const { frames, ws } = await openOn(t, wire, { heartbeat: SHORT });

      ws.pause();

      const before = frames.length;

      // Longer than this one would have lived.
      for (let i = 0; i < 3; i++) await aDeath(t);
      assert.strictEqual(ws.readyState, WebSocket.OPEN);
      assert.ok(frames.length <= before + 1);
      ws.resume();
      await closeOf(ws);
    });

    it('ends a connection whose peer neither reads nor sends', async (t) => {
      const { frames, socket, ws } = await openOn(t, wire, {
        heartbeat: SHORT
      });

      socket.pause();
      ws.send(bytesOf(2 ** 24), () => {});
      await new Promise(setImmediate);

      const waiting = ws.bufferedAmount;
      const closed = closeOf(ws);
      let most = waiting;

      ws.on('error', () => {});
      ws._socket.on('close', () => {
        most = Math.max(most, ws.bufferedAmount);
      });
      assert.ok(waiting > 0);
      assert.strictEqual((await closed)[0], 1006);
      assert.ok(most <= waiting, 'nothing is queued behind');
      assert.strictEqual(frames.length, 0);
    });
  });
}

for (const role of ROLES) {
  describe(`The heartbeat of a ${role}`, () => {
    it('takes any sign of life, and leaves pongs of others to the program', async (t) => {
      const connect = await start(t, role, { heartbeat: PATIENT });
      const one = await connect();
      const [{ payload }] = await one.received(1);

      one.send(PONG, payload.subarray(1));
      await one.received(2);
      one.send(TEXT, 'a');
      await one.received(3);
      one.ws.ping('b');
      await one.received(4);
      one.send(PONG, 'b').send(PONG, payload);
      await one.received(5);
      assert.deepStrictEqual(one.events, [
        `pong ${hex(payload.subarray(1))}`,
        'text a',
        'pong 62'
      ]);
    });

    it('sees an answer that comes in pieces, and what is behind one', async (t) => {
      const connect = await start(t, role, { heartbeat: PATIENT });
      const one = await connect();
      const [{ payload }] = await one.received(1);
      const pong = one.frame(PONG, payload);

      await one.writeEach(Array.from(pong, (byte) => Buffer.from([byte])));
      await one.received(2);
      one.write(
        Buffer.concat([pong, one.frame(TEXT, 'a'), pong, one.frame(TEXT, 'b')])
      );
      await until(() => one.events.length === 2);
      assert.deepStrictEqual(one.events, ['text a', 'text b']);
    });

    it('asks in the midst of a fragmented message', async (t) => {
      const connect = await start(t, role, { heartbeat: PATIENT });
      const one = await connect();

      one.ws.send('a', { fin: false });
      await one.received(2);
      one.ws.send('b', { fin: true });
      await until(() => one.frames.includes('continuation 62'));
      assert.match(one.frames[0], /^-fin text 61$/);
      assert.match(one.frames[1], /^ping /);
    });

    it('asks nothing once a close frame was sent: that has a time of its own', async (t) => {
      const connect = await start(t, role, {
        closeTimeout: 100,
        heartbeat: SHORT
      });
      const one = await connect();

      // The peer ends its connection when it gets a close frame.
      one.socket.end = () => {};
      one.ws.close(1000);
      await once(one.ws, 'close');
      assert.deepStrictEqual(one.frames, ['close 1000']);
    });

    it('shows no answer that comes once a close frame was sent', async (t) => {
      const connect = await start(t, role, {
        closeTimeout: 50,
        heartbeat: PATIENT
      });
      const one = await connect();
      const [{ payload }] = await one.received(1);

      one.socket.end = () => {};
      one.ws.close(1000);
      one.send(PONG, payload).send(PONG, 'b');
      one.send(CLOSE, Buffer.from([3, 232]));
      await once(one.ws, 'close');
      assert.deepStrictEqual(one.events, ['pong 62', 'close 1000']);
    });

    it('goes on whichever wire the connection is on', async (t) => {
      const connect = await start(t, role, { heartbeat: PATIENT });
      const one = await connect();
      const onData = () => {};

      for (let count = 1; count <= 6; count++) {
        const frames = await one.received(count);

        one.send(PONG, frames.at(-1).payload);
        if (count === 2) one.ws._socket.on('data', onData);
        if (count === 4) one.ws._socket.off('data', onData);
      }

      assert.deepStrictEqual(one.events, []);
    });
  });
}

describe('A heartbeat', () => {
  it(
    'leaves a connection light that was accepted natively',
    { skip: skipLight },
    async (t) => {
      const connect = await start(t, 'server', { heartbeat: PATIENT });
      const one = await connect();

      for (let count = 1; count <= 3; count++) {
        const frames = await one.received(count);

        one.send(PONG, frames.at(-1).payload);
      }

      assert.ok(one.ws._socket[kLight]);
      assert.strictEqual(one.ws._opened, null);
    }
  );

  it('has a token for each connection', async (t) => {
    const connect = await start(t, 'server', { heartbeat: PATIENT });
    const [a, b] = await Promise.all([connect(), connect()]);
    const [[first], [second]] = [await a.received(1), await b.received(1)];

    assert.notDeepEqual(first.payload, second.payload);
  });

  it('makes masks as the program wants them', async (t) => {
    let keys = 0;
    const connect = await start(t, 'client', {
      generateMask(key) {
        keys++;
        key.fill(7);
      },
      heartbeat: PATIENT
    });
    const one = await connect();
    const [{ mask, opcode }] = await one.received(1);

    assert.strictEqual(opcode, PING);
    assert.deepStrictEqual(mask, Buffer.alloc(4, 7));
    assert.strictEqual(keys, 1);
  });

  it('goes on when the server is closed', async (t) => {
    const { peer, wss } = await openRawClient(t, { heartbeat: SHORT });

    wss.close();
    await closeOf(peer);
  });

  it('is that of servers without a server of their own, too', async (t) => {
    const http = httpServer('tcp');
    const wss = new WebSocket.Server({ heartbeat: SHORT, noServer: true });
    const at = await listen('tcp', http);
    const opened = new Promise((resolve) => {
      http.on('upgrade', (request, socket, head) => {
        wss.handleUpgrade(request, socket, head, resolve);
      });
    });
    const socket = at.connect();

    t.after(() => {
      socket.destroy();
      at.close();
    });
    socket.write(upgradeRequest());
    await closeOf(await opened);
  });

  it('of both ends lets a connection live', async (t) => {
    const { client, peer } = await openPair(t, {
      client: { heartbeat: PATIENT },
      server: { heartbeat: PATIENT }
    });
    const seen = [0, 0];

    client.on('ping', () => seen[0]++);
    peer.on('ping', () => seen[1]++);
    await until(() => seen[0] + seen[1] >= 5);
    assert.strictEqual(client.readyState, WebSocket.OPEN);
  });

  it('is not disturbed by a terminate() that throws', async () => {
    const seen = await evaluate(async () => {
      const errors = [];

      process.on('uncaughtException', ({ message }) => errors.push(message));

      class Fragile extends WebSocket {
        terminate() {
          if (this.hasThrown) return super.terminate();

          this.hasThrown = true;
          throw new Error('as a program does');
        }
      }

      const wss = await serve({
        heartbeat: { interval: 20, timeout: 20 },
        WebSocket: Fragile
      });
      const clients = [1, 2, 3].map(
        () => new WebSocket(wss.url, { autoPong: false })
      );

      await Promise.all(clients.map((ws) => once(ws, 'close')));
      wss.close();
      console.log(JSON.stringify(errors));
    });

    assert.deepStrictEqual(seen, Array(3).fill('as a program does'));
  });

  it('may end, pause and open connections where one is ended', async (t) => {
    class Busy extends WebSocket {
      terminate() {
        for (const ws of wss.clients) {
          if (ws !== this) ws.pause();
        }
        super.terminate();
        for (const ws of wss.clients) ws.resume();
      }
    }

    const { peer, wss } = await openRawClient(t, {
      heartbeat: SHORT,
      WebSocket: Busy
    });
    const url = `ws://127.0.0.1:${wss.address().port}`;
    const others = Array.from(
      { length: 10 },
      () => new WebSocket(url, { autoPong: false })
    );
    const ends = others.map((ws) => once(ws, 'close'));

    await Promise.all([once(peer, 'close'), ...ends]);
    await until(() => wss.clients.size === 0);
  });

  it('counts what waits to be worked on as life', async (t) => {
    const { client, peer } = await openPair(t, {
      server: { heartbeat: PATIENT }
    });
    const { _receiver: receiver } = peer;

    assert.ok(receiver);
    for (let i = 0; i < 3; i++) {
      client.send('a');
      await once(peer, 'message');
    }
    await once(client, 'ping');
  });

  it('is the end of a peer that sends the first half of a close', async (t) => {
    const connect = await start(t, 'server', { heartbeat: SHORT });
    const one = await connect();

    one.write(one.frame(CLOSE, Buffer.from([3, 232])).subarray(0, 5));
    await closeOf(one.ws);
    assert.deepStrictEqual(one.events, ['close 1006']);
  });

  it(
    'looks whether something has come that was not read yet',
    { skip: skipLoop },
    async (t) => {
      const wss = serve(t, { heartbeat: SHORT });
      const answered = new Int32Array(new SharedArrayBuffer(4));
      const { heartbeatLook } = native;
      const looks = [];

      t.mock.method(native, 'heartbeatLook', () => {
        const answer = heartbeatLook();

        if (wss.metrics().sent.wireBytes === 0 || looks.length > 0) {
          return answer;
        }

        // It was asked. Nothing is read until it has answered, and its time is over.
        Atomics.wait(answered, 0, 0);
        Atomics.wait(answered, 0, 1, 3 * SHORT.timeout);
        looks.push(heartbeatLook());
        return looks[0];
      });

      const worker = new Worker(answerPing, {
        eval: true,
        workerData: {
          answered,
          port: await portOf(wss),
          request: upgradeRequest()
        }
      });

      t.after(() => worker.terminate());

      const [ws] = await once(wss, 'connection');

      // Behind the turn that it was excused in it answers nothing, and is ended.
      await once(ws, 'close');
      assert.strictEqual(typeof looks[0], 'number', 'there was nothing to do');
    }
  );

  it('has one timer, and none without connections', async (t) => {
    const alarms = new Set();
    const { alarm } = timers;

    t.mock.method(timers, 'alarm', (callback, delay) => {
      const cancel = alarm(() => {
        alarms.delete(entry);
        callback();
      }, delay);
      const entry = () => {
        alarms.delete(entry);
        cancel();
      };

      alarms.add(entry);
      return entry;
    });

    const plain = await openPair(t);

    assert.strictEqual(alarms.size, 0);
    plain.client.terminate();

    const server = { heartbeat: { interval: 1e6 } };
    const pairs = [
      await openPair(t, { server }),
      await openPair(t, { server })
    ];

    assert.strictEqual(alarms.size, 1);

    for (const { client, peer } of pairs) {
      client.close();
      await once(peer, 'close');
    }

    assert.strictEqual(alarms.size, 0);
  });
});

/** A thread with a peer that answers one ping, and says when it has. */
const answerPing = `
  const { workerData } = require('worker_threads');
  const { answered, port, request } = workerData;
  const socket = require('net').connect(port, '127.0.0.1');

  socket.write(request);
  // The test may be over.
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const at = chunk.lastIndexOf(Buffer.from([0x89, 6]));

    if (at < 0 || answered[0] === 1) return;

    const pong = [0x8a, 0x86, 0, 0, 0, 0, ...chunk.subarray(at + 2)];

    socket.write(Buffer.from(pong), () => {
      Atomics.store(answered, 0, 1);
      Atomics.notify(answered, 0);
    });
  });
`;
