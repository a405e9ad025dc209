'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { CLOSE, FrameReader, MASK, PING, PONG } = require('../support/frames');
const { frame, TEXT } = require('../support/frames');
const { hex, ROLES, start } = require('../support/conversation');
const { until } = require('../support/loop');
const { openRawClient } = require('../support/pairs');
const { bytesOf } = require('../support/peers');
const { readHead, upgradeRequest } = require('../support/raw-http');
const { httpServer, listen, WIRES } = require('../support/wires');
const WebSocket = require('../../index');

/** Who does not answer is dead soon. */
const SHORT = { interval: 20, timeout: 20 };
/** Who answers is asked often, and has time: the machine may be busy. */
const PATIENT = { interval: 20, timeout: 600_000 };

/** Of connections that `openOn()` has opened. */
const closes = new WeakMap();

/** Opens a raw connection to a server on a wire; frames that come are kept. */
async function openOn(t, wire, options) {
  const server = httpServer(wire);
  const wss = new WebSocket.Server({ server, ...options });
  const at = await listen(wire, server);
  const socket = at.connect();
  const connected = once(wss, 'connection');
  const closed = new Promise((resolve) => {
    wss.once('connection', (one) =>
      one.once('close', (...args) => resolve(args))
    );
  });
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

  // On a busy machine it may be dead by now.
  closes.set(ws, closed);
  frames.push(...reader.push(rest));
  socket.on('data', (chunk) => frames.push(...reader.push(chunk)));
  socket.resume();
  return { frames, socket, ws, wss };
}

function closeOf(ws) {
  ws.on('error', () => assert.fail('there is no error to be told of'));
  return closes.get(ws) ?? once(ws, 'close');
}

/** Waits for a connection that is not heard to be found dead. */
async function aDeath(t, server = { heartbeat: SHORT }) {
  const { peer } = await openRawClient(t, server);

  // On a busy machine it is dead by now.
  if (peer.readyState !== WebSocket.CLOSED) await closeOf(peer);
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
