'use strict';

/**
 * What every server in this folder has in common: its address comes from the
 * environment, and the benchmark talks to it over the IPC channel.
 */

const { readFileSync } = require('node:fs');

/** Largest message that any workload sends, in bytes, with room to spare. */
const maxPayload = 64 * 1024 * 1024;

/**
 * How the benchmark wants this server to run.
 *
 * @type {{
 *   tls: { keyFile: string, certFile: string } | null,
 *   deflate: 'takeover' | 'no-takeover' | null,
 *   level: number | undefined
 * }}
 */
const settings = {
  tls: process.env.BENCH_TLS_KEY
    ? {
        keyFile: process.env.BENCH_TLS_KEY,
        certFile: process.env.BENCH_TLS_CERT
      }
    : null,
  deflate: process.env.BENCH_DEFLATE || null,
  level: Number(process.env.BENCH_DEFLATE_LEVEL) || undefined
};

/**
 * Runs an echo server on the API of npm `ws`.
 *
 * @param {{ WebSocketServer: Function }} ws The package
 */
function serveWithWs({ WebSocketServer }) {
  const perMessageDeflate = settings.deflate
    ? {
        threshold: 0,
        zlibDeflateOptions: settings.level ? { level: settings.level } : {},
        serverNoContextTakeover: settings.deflate === 'no-takeover',
        clientNoContextTakeover: settings.deflate === 'no-takeover'
      }
    : false;
  const options = { maxPayload, perMessageDeflate };
  const host = '127.0.0.1';
  let wss;
  let listening;

  if (settings.tls) {
    listening = require('node:https').createServer({
      key: readFileSync(settings.tls.keyFile),
      cert: readFileSync(settings.tls.certFile)
    });
    wss = new WebSocketServer({ ...options, server: listening });
    listening.listen(0, host);
  } else {
    wss = new WebSocketServer({ ...options, host, port: 0 });
    listening = wss;
  }

  listening.on('listening', () => ready(listening.address().port));
  wss.on('connection', (socket) => {
    socket.on('error', (error) => console.error(error));
    socket.on('message', (data, isBinary) => {
      socket.send(data, { binary: isBinary });
    });
  });
}

/**
 * Tells the benchmark where the server listens, and answers its questions from
 * then on. The process ends with the benchmark.
 *
 * @param {number} port
 */
function ready(port) {
  if (!process.send) {
    console.log(`ws://127.0.0.1:${port}`);
    return;
  }

  process.on('disconnect', () => process.exit());
  process.on('message', (question) => {
    if (question === 'resident') {
      // Twice: the first run makes garbage of what finalizers held.
      global.gc();
      global.gc();
      process.send({ resident: process.memoryUsage.rss() });
    }
  });
  process.send({ port });
}

module.exports = { maxPayload, ready, serveWithWs, settings };
