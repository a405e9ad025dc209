'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { isAvailable } = require('../../lib/wire/promotion');
const { connectTls, serveTls, upgradeRequest } = require('../support/own-tls');
const { eventually } = require('../support/patience');

const skip = !isAvailable && 'TLS is of Node without the native wire';
/** Masked text: "hi". */
const FRAME = '\x81\x82\0\0\0\0hi';

/** What a program does before a connection is open, by which Node makes its socket. */
const touches = {
  'a verifyClient that takes its time': {
    verifyClient: (info, callback) => setImmediate(callback, true)
  },
  'a verifyClient that looks at the socket': {
    verifyClient: ({ req }) => Boolean(req.socket.on('error', () => {}))
  }
};

describe(
  'a connection over TLS whose socket was touched before',
  { skip },
  () => {
    for (const [title, options] of Object.entries(touches)) {
      it(`gets its frames, and not the request (${title})`, async (t) => {
        const { port, wss } = await serveTls(t, {}, options);
        const socket = await connectTls(t, port);

        const messages = [];
        const connection = once(wss, 'connection');

        wss.on('connection', (peer) => {
          peer.on('message', (data) => messages.push(data.toString()));
        });
        // One frame soon behind the request, and one when it is answered.
        socket.write(upgradeRequest());
        await new Promise(setImmediate);
        socket.write(FRAME, 'latin1');

        const [peer] = await connection;

        await eventually(
          () => messages.length === 1,
          () => 'no message'
        );
        socket.write(FRAME, 'latin1');
        await once(peer, 'message');

        assert.deepStrictEqual(messages, ['hi', 'hi']);
        assert.strictEqual(
          peer._socket.bytesRead,
          upgradeRequest().length + 2 * FRAME.length
        );
      });
    }
  }
);
