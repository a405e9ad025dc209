'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { closeOf } = require('../support/pairs');
const { skip, turns } = require('../support/loop');
const { connectThrough, serveTls, upgrade } = require('../support/own-tls');

const [major, minor] = process.versions.uv.split('.').map(Number);
/** Newer ones take no reset for an end. */
const isNew = major > 1 || minor >= 52;
const PING = '\x89\x80\0\0\0\0';
const TEXT = '\x81\x81\0\0\0\0a';

/**
 * What a server sees of a client that has sent some bytes in one record, without its
 * last `cut` bytes, and then does something with its socket, all before anybody looks.
 */
async function lookAt(t, { bytes, cut = 0, last, paused, server }) {
  const { port, wss } = await serveTls(t, {}, server);
  let kept = null;
  const { raw, socket } = await connectThrough(t, port, (chunk, to, done) => {
    if (kept === null) return to.write(chunk, done);

    kept.push(chunk);
    done();
  });

  socket.on('error', () => {});

  const peer = await upgrade(socket, wss);
  const log = [];

  for (const event of ['ping', 'message']) {
    peer.on(event, () => log.push(`${event} ${peer.readyState}`));
  }
  peer._socket.on('end', () => log.push('end'));
  peer._socket.on('error', ({ code }) => log.push(code));
  peer._socket.on('close', () => log.push('closed'));
  await turns();

  const closed = closeOf(peer);

  if (paused) peer.pause();
  kept = [];
  await new Promise((resolve) => socket.write(bytes, 'latin1', resolve));

  const record = Buffer.concat(kept);

  raw.write(record.subarray(0, record.length - cut), () => raw[last]());

  if (paused) {
    await turns(8);
    log.push('resumed');
    peer.resume();
  }

  assert.strictEqual((await closed)[0], 1006);
  await turns(2);
  return log;
}

describe('Behind records of TLS of our own', { skip }, () => {
  it('a reset is what libuv makes of it, be there but a part of one', async (t) => {
    const log = await lookAt(t, {
      bytes: TEXT,
      cut: 5,
      last: 'resetAndDestroy'
    });

    assert.deepStrictEqual(log, [isNew ? 'ECONNRESET' : 'end', 'closed']);
  });

  it('the first answer to what a reset is behind fails with it', async (t) => {
    const log = await lookAt(t, { bytes: PING, last: 'resetAndDestroy' });

    assert.deepStrictEqual(log, ['ping 1', 'ECONNRESET', 'closed']);
  });

  it('a socket is closed behind what waits for a macrotask', async (t) => {
    const log = await lookAt(t, {
      bytes: TEXT,
      last: 'end',
      paused: true,
      server: { allowSynchronousEvents: false }
    });

    assert.deepStrictEqual(log, ['resumed', 'end', 'message 2', 'closed']);
  });
});
