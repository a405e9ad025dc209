'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setTimeout: delay } = require('node:timers/promises');

const native = require('../../lib/native');
const { openTls, serveTls } = require('../support/own-tls');
const { skip, until } = require('../support/loop');

const onThreads =
  Number(process.env.WS_RS_IO_THREADS) > 0 &&
  'I/O threads are forced: the loop watches no sockets';

const COUNT = 40;
const LENGTH = 50_000;

/** Who does not want what comes over TLS for a while. */
const readers = {
  'a WebSocket': (peer) => peer,
  'a socket': (peer) => peer._socket
};

/**
 * Opens a connection that has received one message, and then two more while its
 * reader is paused: the word of what comes behind what a stream keeps is heard
 * while nobody reads. `received` are the lengths.
 */
async function openUnread(t, readerOf) {
  const { client, peer } = await openTls(t, await serveTls(t));
  const received = [];

  peer.on('message', (data) => received.push(data.length));
  client.send('first');
  await once(peer, 'message');

  const reader = readerOf(peer);

  reader.pause();
  for (let i = 0; i < 2; i++) {
    client.send(Buffer.alloc(LENGTH));
    await delay(10);
  }

  return { client, peer, reader, received };
}

describe('What nobody reads of a TLS connection', { skip }, () => {
  for (const [title, readerOf] of Object.entries(readers)) {
    // A handle of its own tells of it with every turn of the loop, which then never waits.
    it(
      `is not told of again and again (${title})`,
      { skip: onThreads },
      async (t) => {
        const { client, peer } = await openTls(t, await serveTls(t));
        let received = 0;

        peer.on('message', (data) => (received += data.length));
        client.send('first');
        await once(peer, 'message');

        const before = native.loopFew();

        readerOf(peer).pause();
        for (let i = 0; i < COUNT; i++) client.send(Buffer.alloc(LENGTH));
        await until(() => native.loopFew() < before);

        readerOf(peer).resume();
        await until(() => received === 'first'.length + COUNT * LENGTH);
      }
    );

    it(`is read when it is wanted again (${title})`, async (t) => {
      const { reader, received } = await openUnread(t, readerOf);

      assert.deepStrictEqual(received, [5]);
      reader.resume();
      await until(() => received.length === 3);
    });

    it(`is read when it is wanted again, with the end behind it (${title})`, async (t) => {
      const { client, peer, reader, received } = await openUnread(t, readerOf);

      client._socket.end();
      await delay(10);

      reader.resume();

      const [code] = await once(peer, 'close');

      assert.strictEqual(code, 1006);
      assert.strictEqual(received.length, 3);
    });
  }
});
