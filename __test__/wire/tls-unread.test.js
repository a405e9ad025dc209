'use strict';

const { once } = require('node:events');
const { describe, it } = require('node:test');

const native = require('../../lib/native');
const { openTls, serveTls } = require('../support/own-tls');
const { skip, until } = require('../support/loop');

const COUNT = 40;
const LENGTH = 50_000;

/** Who does not want what comes over TLS for a while. */
const readers = {
  'a WebSocket': (peer) => peer,
  'a socket': (peer) => peer._socket
};

describe('What nobody reads of a TLS connection', { skip }, () => {
  for (const [title, readerOf] of Object.entries(readers)) {
    // A handle of its own tells of it with every turn of the loop, which then never waits.
    it(`is not told of again and again (${title})`, async (t) => {
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
    });
  }
});
