'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { turns } = require('../support/loop');
const {
  connectThrough,
  serveTls,
  upgradeRequest
} = require('../support/own-tls');
const { portOf } = require('../support/raw-http');
const { serve } = require('../support/servers');

const skip = !isAvailable && 'nothing is accepted natively';
const [major, minor] = process.versions.uv.split('.').map(Number);
/** Newer versions of libuv take no reset for an end. */
const isNew = major > 1 || minor >= 52;
const REQUEST = upgradeRequest();
/** Masked text frames: "hi", and one that is more than a stream holds of 1 KiB. */
const HI = '\x81\x82\0\0\0\0hi';
const LONG = `\x81\xfe\x9c\x40\0\0\0\0${'a'.repeat(40_000)}`;

/** A client that sends each of some pieces as a record of its own, all at once, and then resets. */
async function connectTls(t, port) {
  let kept = null;
  const { raw, socket } = await connectThrough(t, port, (bytes, to, done) => {
    if (kept === null) return to.write(bytes, done);

    kept.push(bytes);
    done();
  });

  socket.on('error', () => {});
  // A reset takes with it what waits to be sent.
  raw.setNoDelay();
  // The server has nothing more to do with the handshake.
  await turns();

  return {
    reset: () => raw.resetAndDestroy(),

    async records(...pieces) {
      kept = [];
      for (const piece of pieces) {
        await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
      }
      return Buffer.concat(kept);
    },

    write: (bytes) => raw.write(bytes)
  };
}

async function connectPlain(t, port) {
  const raw = net.connect(port, '127.0.0.1');

  t.after(() => raw.destroy());
  raw.on('error', () => {});
  raw.setNoDelay();
  await once(raw, 'connect');

  return {
    reset: () => raw.resetAndDestroy(),
    records: (...pieces) => Buffer.from(pieces.join(''), 'latin1'),
    write: (bytes) => raw.write(bytes)
  };
}

/** What a server hears of its only client, from now on to its end. */
function listen(wss, onConnection = () => {}) {
  const log = [];

  return new Promise((resolve) => {
    wss.on('connection', (ws) => {
      ws.on('message', (data) => log.push(data.length));
      ws.on('close', (code) => resolve([...log, code]));
      onConnection(ws);
    });
  });
}

describe('A client that resets the connection', { skip }, () => {
  for (const [title, pieces] of [
    ['the record of the request', [REQUEST + HI]],
    ['the next record', [REQUEST, HI]],
    ['parts of that and of the next', [REQUEST + HI.slice(0, 3), HI.slice(3)]]
  ]) {
    it(`in the turn behind its request has a message heard that stands in ${title}`, async (t) => {
      const { port, wss } = await serveTls(t);
      const heard = listen(wss);
      const { records, reset, write } = await connectTls(t, port);

      write(await records(...pieces));
      await turns(1);
      reset();
      assert.deepStrictEqual(await heard, [2, 1006]);
    });
  }

  for (const [title, highWaterMark, skip] of [
    ['a part of it', 1024, false],
    ['all of it', 100_000, isNew && 'newer ones meet the reset before']
  ]) {
    it(
      `before it is let in has all heard that came before, though it gets no answer; ${title} is read by then`,
      {
        skip
      },
      async (t) => {
        let letIn;
        const refused = new Promise((resolve) => {
          letIn = async (info, callback) => {
            await turns();
            callback(true);
            if (info.req.socket.destroyed) resolve('is not let in');
          };
        });
        const { port, wss } = await serveTls(
          t,
          { highWaterMark },
          { verifyClient: (info, callback) => letIn(info, callback) }
        );
        const heard = Promise.race([listen(wss), refused]);
        const { records, reset, write } = await connectTls(t, port);

        write(await records(REQUEST, LONG, HI));
        reset();
        assert.deepStrictEqual(await heard, [40_000, 2, 1006]);
      }
    );
  }

  for (const [name, serveOne, connect] of [
    ['TLS of our own', serveTls, connectTls],
    [
      'TCP',
      async (t) => {
        const wss = serve(t);

        return { port: await portOf(wss), wss };
      },
      connectPlain
    ]
  ]) {
    it(`while its 'connection' listener works has a message heard, over ${name}`, async (t) => {
      const { port, wss } = await serveOne(t);
      const { records, reset, write } = await connect(t, port);
      const [request, message] = [await records(REQUEST), await records(HI)];
      const heard = listen(wss, (ws) => {
        // Somebody looks at it: it is not a mere native half.
        ws._socket.on('end', () => {});
        write(message);
        reset();
      });

      write(request);
      assert.deepStrictEqual(await heard, [2, 1006]);
    });
  }
});
