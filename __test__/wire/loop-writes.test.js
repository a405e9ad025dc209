'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const { skip, skipTouches, turns } = require('../support/loop');
const { frame, FrameReader, MASK, TEXT } = require('../support/frames');
const { listen } = require('../support/peers');
const { eventually } = require('../support/patience');
const { exchange, upgradeRequest } = require('../support/raw-http');

/** More than the kernel takes on loopback. */
const LONG = 32_000_000;

/**
 * Opens a server's connection with bare TCP on the other side, which reads
 * nothing. It has gone to the loop transport if it can.
 */
async function openUnread(t, lib) {
  const wss = await listen(t, lib.WebSocketServer);
  const connected = once(wss, 'connection');
  const { socket } = await exchange(wss.address().port, upgradeRequest());
  const [ws] = await connected;
  const chunks = [];
  let size = 0;

  t.after(() => socket.destroy());
  socket.on('error', () => {});
  // What has read the answer lets go of the socket in a later tick.
  await turns();
  socket.on('data', (chunk) => {
    chunks.push(Buffer.from(chunk, 'latin1'));
    size += chunk.length;
  });
  socket.pause();
  await turns();
  if (lib === ours) assert.strictEqual(ws.transport, 'loop');

  const log = [];
  const start = ws._socket.bytesWritten;

  for (const name of ['drain', 'finish', 'error', 'close', 'timeout']) {
    ws._socket.on(name, (value) => {
      log.push(`socket ${name} ${value?.code ?? value?.message ?? ''}`.trim());
    });
  }
  ws.on('error', (err) => log.push(`error ${err.code}`));
  ws.on('close', (code) => log.push(`close ${code}`));

  return {
    log,
    /** Has the peer read all that was written: the frames, short ones as text. */
    async receive() {
      socket.resume();
      await eventually(
        () => size === ws._socket.bytesWritten - start,
        () => `${size} of ${ws._socket.bytesWritten - start}`
      );
      return new FrameReader()
        .push(Buffer.concat(chunks))
        .map(({ payload }) =>
          payload.length > 100 ? payload.length : String(payload)
        );
    },
    /** What the socket says of what is to be written. */
    look() {
      const { _socket: stream } = ws;

      log.push(
        [
          ws.bufferedAmount,
          stream.writableLength,
          stream.bufferSize,
          stream.writableNeedDrain,
          stream.bytesWritten - start
        ].join(' ')
      );
    },
    /** A callback that notes how it was called. */
    note: (name) => (err) => {
      log.push(
        `${name} ${err === null ? 'null' : (err?.code ?? err?.message)}`
      );
    },
    socket,
    ws
  };
}

/** Runs a scene with ws and with this package; both must see the same. */
async function same(t, scene) {
  const expected = await scene(await openUnread(t, theirs));
  const actual = await scene(await openUnread(t, ours));

  assert.deepStrictEqual(actual, expected);
  return actual;
}

/** Sends frames of which the first is under way for long. */
function block({ look, note, ws }) {
  ws.send(Buffer.alloc(LONG), note('long'));
  ws.send('b', note('b'));
  ws.send(Buffer.alloc(20_000), note('c'));
  look();
}

/**
 * On Node 20 a write that is under way when its socket is destroyed is said to
 * be written, and from 22 on it was cancelled.
 */
function outcomes(log) {
  if (Number.parseInt(process.versions.node, 10) >= 22) return log;
  return log.map((entry) => (entry.startsWith('long ') ? 'long' : entry));
}

const closed = (ws) =>
  new Promise((resolve) => {
    ws.once('close', resolve);
  });

/** Ways to end a connection whose frames are blocked. */
const ENDINGS = {
  'terminate()': ({ ws }) => ws.terminate(),
  'destroy() of the socket': ({ ws }) => ws._socket.destroy(),
  'destroy() with an error': ({ ws }) => ws._socket.destroy(new Error('mine')),
  'resetAndDestroy()': ({ ws }) => ws._socket.resetAndDestroy(),
  'a reset by the peer': ({ socket }) => socket.resetAndDestroy()
};

describe('Frames that are blocked, as with ws,', { skip: skipTouches }, () => {
  for (const [name, end] of Object.entries(ENDINGS)) {
    it(`fail by ${name}, each once and in order`, async (t) => {
      const log = await same(t, async (scene) => {
        block(scene);
        await turns();

        const over = closed(scene.ws);

        end(scene);
        scene.look();
        await over;
        await turns();
        return outcomes(scene.log);
      });

      for (const frame of ['b ', 'c ']) {
        const entries = log.filter((entry) => entry.startsWith(frame));

        assert.strictEqual(entries.length, 1);
        assert.doesNotMatch(entries[0], /null/);
      }
    });
  }

  it("are written when the peer reads, then there is 'drain'", async (t) => {
    const log = await same(t, async (scene) => {
      block(scene);
      await turns();
      scene.look();

      const received = await scene.receive();

      await turns();
      scene.look();
      return [...scene.log, ...received];
    });

    assert.deepStrictEqual(log.slice(2, 6), [
      'socket drain',
      'long null',
      'b null',
      'c null'
    ]);
  });

  for (const [name, end] of [
    ['end()', ({ ws }) => ws._socket.end()],
    ['end() with bytes', ({ ws }) => ws._socket.end(frame(TEXT, 'end'))],
    ['destroySoon()', ({ ws }) => ws._socket.destroySoon()]
  ]) {
    it(`go before ${name}, then there is 'finish'`, async (t) => {
      const { log, received } = await same(t, async (scene) => {
        const over = closed(scene.ws);

        block(scene);
        end(scene);
        // Not how much is buffered: ws counts all of a frame until its end.
        scene.log.push(
          scene.ws._socket.writableEnded,
          scene.ws._socket.writableNeedDrain
        );

        const received = await scene.receive();

        await over;
        return { log: scene.log, received };
      });

      assert.ok(log.indexOf('c null') >= 0);
      assert.strictEqual(log.filter((e) => e === 'socket finish').length, 1);
      assert.deepStrictEqual(received.slice(0, 3), [LONG, 'b', 20_000]);
    });
  }

  it('keep their order with what the socket is given', async (t) => {
    const received = await same(t, async (scene) => {
      const { note, ws } = scene;

      block(scene);
      ws._socket.cork();
      ws.send('d', note('d'));
      ws._socket.write(frame(TEXT, 'e'), note('e'));
      ws.send('f', note('f'));
      await turns();
      ws._socket.uncork();
      ws.send('g', note('g'));
      scene.log.push(ws._socket.writableNeedDrain);
      return scene.receive();
    });

    assert.deepStrictEqual(received.slice(1), [
      'b',
      20_000,
      'd',
      'e',
      'f',
      'g'
    ]);
  });

  it('let the socket time out, which reading ends', async (t) => {
    await same(t, async (scene) => {
      block(scene);
      scene.ws._socket.setTimeout(50);
      await once(scene.ws._socket, 'timeout');
      scene.look();
      scene.ws._socket.setTimeout(0);
      await scene.receive();
      await turns();
      // It is on the stream transport, which counts what is left of a frame.
      return scene.log.map((entry) => entry.replaceAll(/\d+ /g, ''));
    });
  });
});

describe('Frames that the kernel takes at once, as with ws,', { skip }, () => {
  it("lead to 'drain' where one of them is long", async (t) => {
    const log = await same(t, async (scene) => {
      scene.ws.send('a', scene.note('a'));
      await turns();
      scene.ws.send(Buffer.alloc(100_000), scene.note('long'));
      scene.log.push(scene.ws.bufferedAmount);
      await turns();
      scene.look();
      return scene.log;
    });

    assert.deepStrictEqual(log.slice(1, 4), [0, 'socket drain', 'long null']);
  });

  it('are counted by bytesWritten before they are written', async (t) => {
    await same(t, ({ log, look, ws }) => {
      ws.send('a');
      ws.send('b'.repeat(200));
      ws.send(Buffer.alloc(30_000));
      log.push(ws._socket.bytesWritten > 0);
      look();
      // As it is in this tick.
      return log.slice();
    });
  });
});

describe(
  'Who passes by the write() of the socket',
  { skip: skipTouches },
  () => {
    const { cork, uncork, write } = net.Socket.prototype;

    it('gets behind what was sent, and into no frame', async (t) => {
      for (const size of [1, 5_000_000]) {
        const received = await same(t, async ({ note, receive, ws }) => {
          ws.send('1');
          ws.send('2');
          write.call(ws._socket, frame(TEXT, 'x'.repeat(size)));
          ws.send('4');
          ws.send(Buffer.alloc(50_000), note('5'));
          await turns();
          return receive();
        });

        assert.deepStrictEqual(received, [
          '1',
          '2',
          size === 1 ? 'x' : size,
          '4',
          50_000
        ]);
      }
    });

    it('may cork it', async (t) => {
      const received = await same(t, async ({ note, receive, ws }) => {
        ws.send(Buffer.alloc(LONG), note('long'));
        ws.send('2', note('2'));
        cork.call(ws._socket);
        write.call(ws._socket, frame(TEXT, '3'), note('3'));
        write.call(ws._socket, frame(TEXT, '4').toString('latin1'), 'latin1');
        uncork.call(ws._socket);
        ws.send('5', note('5'));
        return receive();
      });

      assert.deepStrictEqual(received, [LONG, '2', '3', '4', '5']);
    });
  }
);

describe(
  'A connection that is promoted and demoted',
  { skip: skipTouches },
  () => {
    it('keeps the order of frames, and of callbacks', async (t) => {
      const wss = await listen(t, ours.WebSocketServer);
      const connected = once(wss, 'connection');
      const { socket } = await exchange(wss.address().port, upgradeRequest());
      const [peer] = await connected;
      const outcomes = [];
      const { _socket: stream } = peer;
      const transports = new Set();
      const noop = () => {};
      let expected = 0;
      let size = 0;

      t.after(() => socket.destroy());
      socket.on('data', (chunk) => (size += chunk.length));
      socket.resume();

      const start = stream.bytesWritten;

      for (let i = 0; i < 60; i++) {
        const length = [1, 30_000, 2_000_000][i % 3];

        peer.send(Buffer.alloc(length), (err) =>
          outcomes.push([expected++, err])
        );
        transports.add(peer.transport);
        if (i % 5 === 0) stream.on('data', noop);
        if (i % 5 === 2) stream.removeListener('data', noop);
        if (i % 7 === 3) {
          peer.pause();
          socket.write(frame(TEXT, 'a', { mask: MASK }));
        }
        if (i % 7 === 5) peer.resume();
        await turns(1 + (i % 4));
      }
      await eventually(
        () => outcomes.length === 60 && size === stream.bytesWritten - start,
        () => `${outcomes.length} ${size} of ${stream.bytesWritten - start}`
      );
      assert.deepStrictEqual([...transports].sort(), ['loop', 'stream']);
      assert.ok(outcomes.every(([, err]) => err === null));
    });
  }
);
