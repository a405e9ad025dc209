'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { text } = require('node:stream/consumers');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { turns, until } = require('../support/loop');
const {
  connectThrough,
  serveTls,
  upgradeRequest
} = require('../support/own-tls');

const skip = !isAvailable && 'TLS is of Node without the native wire';
/** A masked text frame: "hi". */
const HI = '\x81\x82\0\0\0\0hi';
/** A masked close frame with 1000. */
const CLOSE = '\x88\x82\0\0\0\0\x03\xe8';

/**
 * Sends each of some pieces as a record of its own, and the end of the stream, or a
 * reset, right behind them.
 */
async function sendAndEnd(t, port, pieces, { resets, saysSo }) {
  let kept = null;
  const { raw, socket } = await connectThrough(t, port, (bytes, to, done) => {
    if (kept === null) return to.write(bytes, done);

    kept.push(bytes);
    done();
  });

  kept = [];
  socket.on('error', () => {});
  for (const piece of pieces) {
    await new Promise((resolve) => socket.write(piece, 'latin1', resolve));
  }

  // With close_notify, or without.
  if (saysSo) socket.end();
  await turns(3);
  if (resets) raw.write(Buffer.concat(kept), () => raw.resetAndDestroy());
  else raw.end(Buffer.concat(kept));

  return socket;
}

/** Lets clients in once all that they send has come. */
function late({ req }, callback) {
  until(() => req.socket._readableState.ended).then(() => callback(true));
}

describe('records behind that of a request', { skip }, () => {
  for (const saysSo of [true, false]) {
    for (const options of [{}, { ioThreads: 1 }, { perMessageDeflate: true }]) {
      const [name = 'no option'] = Object.keys(options);
      const how = `${saysSo ? 'with' : 'without'} close_notify, and ${name}`;

      it(`are messages of a client that has ended before it is let in, ${how}`, async (t) => {
        const { port, wss } = await serveTls(
          t,
          {},
          { ...options, verifyClient: late }
        );
        const log = [];
        const closed = new Promise((resolve) => {
          wss.on('connection', (ws) => {
            ws.on('message', (data) => log.push(String(data)));
            ws.on('close', (code) => resolve(code));
          });
        });

        await sendAndEnd(t, port, [upgradeRequest(), HI, HI + CLOSE], {
          saysSo
        });
        assert.strictEqual(await closed, 1000);
        assert.deepStrictEqual(log, ['hi', 'hi']);
      });
    }
  }

  it('are messages of a client that resets the connection before it is let in', async (t) => {
    const { port, wss } = await serveTls(t, {}, { verifyClient: late });
    const message = new Promise((resolve) => {
      wss.on('connection', (ws) => ws.on('message', resolve));
    });

    await sendAndEnd(t, port, [upgradeRequest(), HI], { resets: true });
    assert.strictEqual(String(await message), 'hi');
  });

  it('are given to a stream one by one, as by Node', async (t) => {
    const chunks = [];
    const { port } = await serveTls(t, {
      onRequest(request, response) {
        request.on('data', (chunk) => chunks.push(String(chunk)));
        request.on('end', () => response.end('all'));
      }
    });
    const head =
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 30\r\n\r\n';
    const pieces = ['one ', 'two', 'three', '4', '5'.repeat(17)];
    const socket = await sendAndEnd(t, port, [head, ...pieces], {});

    await once(socket, 'readable');
    assert.match(await text(socket), /^HTTP\/1.1 200 /);
    assert.deepStrictEqual(chunks, pieces);
  });
});
