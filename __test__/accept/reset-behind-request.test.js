'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { turns } = require('../support/loop');
const {
  connectThrough,
  serveTls,
  upgradeRequest
} = require('../support/own-tls');

const skip = !isAvailable && 'TLS is of Node without the native wire';
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

/** What a server hears of its only client, from now on to its end. */
function listen(wss) {
  const log = [];

  return new Promise((resolve) => {
    wss.on('connection', (ws) => {
      ws.on('message', (data) => log.push(data.length));
      ws.on('close', (code) => resolve([...log, code]));
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

  it('before it is let in has all heard that came before, though it gets no answer', async (t) => {
    const { port, wss } = await serveTls(
      t,
      { highWaterMark: 1024 },
      { verifyClient: (info, callback) => turns().then(() => callback(true)) }
    );
    const heard = listen(wss);
    const { records, reset, write } = await connectTls(t, port);

    write(await records(REQUEST, LONG, HI));
    reset();
    assert.deepStrictEqual(await heard, [40_000, 2, 1006]);
  });
});
