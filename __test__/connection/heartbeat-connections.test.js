'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { CLOSE, PING, PONG } = require('../support/frames');
const { start } = require('../support/conversation');
const { skip: skipLoop, until } = require('../support/loop');
const { openPair, openRawClient } = require('../support/pairs');
const { evaluate } = require('../support/programs');
const { portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');
const { httpServer, listen } = require('../support/wires');
const native = require('../../lib/native');
const { kOutput } = require('../../lib/members');
const { kLight } = require('../../lib/wire/materialize');
const timers = require('../../lib/timers');
const WebSocket = require('../../index');

/** Why no connection is accepted natively here, or `false`. */
const skipLight =
  process.env.WS_RS_ACCEPT === 'node' ? 'Node accepts all of them' : skipLoop;

/** Why none is looked after by a timer of Node's, or `false`. */
const skipThreads =
  process.env.WS_RS_IO_THREADS !== undefined &&
  'I/O threads look after the peers of servers';

/** Who does not answer is dead soon. */
const SHORT = { interval: 20, timeout: 20 };
/** Who answers is asked often, and has time: the machine may be busy. */
const PATIENT = { interval: 20, timeout: 600_000 };

function closeOf(ws) {
  ws.on('error', () => assert.fail('there is no error to be told of'));
  return once(ws, 'close');
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
      assert.strictEqual(one.ws[kOutput], null);
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
    { skip: skipLoop || skipThreads },
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

  it(
    'has one timer, and none without connections',
    { skip: skipThreads },
    async (t) => {
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
    }
  );
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
