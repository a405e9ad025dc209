'use strict';

const { once } = require('node:events');

const WebSocket = require('../..');
const { skip } = require('./loop');
const { serve } = require('./servers');

/** Why tests of I/O threads do not run here, or `false`. */
const skipThreads =
  skip ||
  (process.env.WS_RS_TRANSPORT === 'loop' &&
    'the loop transport is forced, which nothing demotes') ||
  (process.env.WS_RS_IO_THREADS !== undefined &&
    'the number of threads is forced');

/**
 * Opens connections of a server with I/O threads.
 *
 * @return {Promise<{ wss: WebSocketServer, pairs: Array<{ client: WebSocket,
 *     peer: WebSocket }> }>} In the order of their opening
 */
async function openThreaded(t, count, options) {
  const wss = serve(t, { ioThreads: 1, ...options });
  const pairs = [];

  await once(wss, 'listening');

  for (let i = 0; i < count; i++) {
    const connected = once(wss, 'connection');
    const scheme = options?.tls ? 'wss' : 'ws';
    const client = new WebSocket(
      `${scheme}://127.0.0.1:${wss.address().port}`,
      {
        perMessageDeflate: Boolean(options?.perMessageDeflate),
        rejectUnauthorized: false
      }
    );
    const opened = once(client, 'open');
    const [peer] = await connected;

    await opened;
    t.after(() => client.terminate());
    pairs.push({ client, peer });
  }

  return { pairs, wss };
}

module.exports = { openThreaded, skipThreads };
