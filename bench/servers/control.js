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
 *   host: string,
 *   tls: { keyFile: string, certFile: string } | null,
 *   https: boolean,
 *   deflate: 'takeover' | 'no-takeover' | null,
 *   level: number | undefined,
 *   fanOut: 'send' | 'frame' | 'broadcast' | 'topics' | null,
 *   perTick: number
 * }}
 */
const settings = {
  host: process.env.BENCH_HOST || '127.0.0.1',
  tls: process.env.BENCH_TLS_KEY
    ? {
        keyFile: process.env.BENCH_TLS_KEY,
        certFile: process.env.BENCH_TLS_CERT
      }
    : null,
  https: process.env.BENCH_HTTPS === '1',
  deflate: process.env.BENCH_DEFLATE || null,
  level: Number(process.env.BENCH_DEFLATE_LEVEL) || undefined,
  fanOut: process.env.BENCH_FAN_OUT || null,
  perTick: Number(process.env.BENCH_PER_TICK) || 0
};

/**
 * Runs an echo server on the API of npm `ws`.
 *
 * @param {{ WebSocketServer: Function }} ws The package
 */
function serveWithWs({ Sender, Topics, WebSocketServer }) {
  const perMessageDeflate = settings.deflate
    ? {
        threshold: 0,
        zlibDeflateOptions: settings.level ? { level: settings.level } : {},
        serverNoContextTakeover: settings.deflate === 'no-takeover',
        clientNoContextTakeover: settings.deflate === 'no-takeover'
      }
    : false;
  const options = { maxPayload, perMessageDeflate };
  const { host } = settings;
  let wss;
  let listening;

  const tls = settings.tls && {
    key: readFileSync(settings.tls.keyFile),
    cert: readFileSync(settings.tls.certFile)
  };

  // TLS of its own has ws-rs only.
  if (tls && WebSocketServer.prototype.setSecureContext && !settings.https) {
    wss = new WebSocketServer({ ...options, host, port: 0, tls });
    listening = wss;
  } else if (tls) {
    listening = require('node:https').createServer(tls);
    wss = new WebSocketServer({ ...options, server: listening });
    listening.listen(0, host);
  } else {
    wss = new WebSocketServer({ ...options, host, port: 0 });
    listening = wss;
  }

  listening.on('listening', () => ready(listening.address().port));

  const sendToAll = settings.perTick > 0 && wayToAll(wss, { Sender, Topics });

  wss.on('connection', (socket) => {
    socket.on('error', (error) => console.error(error));
    socket.on('message', (data, isBinary) => {
      if (!sendToAll) {
        socket.send(data, { binary: isBinary });
        return;
      }

      for (let i = 0; i < settings.perTick; i++) sendToAll(data, isBinary);
    });
  });
}

/** @return {Function} The way to send a message to all that is to be measured */
function wayToAll(wss, { Sender, Topics }) {
  const ways = {
    broadcast: (data, binary) => wss.broadcast(data, { binary }),
    // One frame for all, as Socket.IO has it.
    frame(data, isBinary) {
      const list = Sender.frame(data, {
        fin: true,
        mask: false,
        opcode: isBinary ? 2 : 1,
        readOnly: true,
        rsv1: false
      });

      for (const client of wss.clients) {
        if (client.readyState === 1) client._sender.sendFrame(list);
      }
    },
    send(data, binary) {
      for (const client of wss.clients) {
        if (client.readyState === 1) client.send(data, { binary });
      }
    }
  };

  if (settings.fanOut === 'topics') {
    const topics = new Topics();

    wss.on('connection', (socket) => topics.subscribe(socket, 'all'));
    return (data, binary) => topics.publish('all', data, { binary });
  }

  return ways[settings.fanOut ?? 'send'];
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
