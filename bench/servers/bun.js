'use strict';

// The echo server on Bun's own WebSocket server. It runs on Bun.

const { readFileSync } = require('node:fs');

const { maxPayload, ready, settings } = require('./control');

const { Bun } = globalThis;
const compress = settings.deflate !== null;
const how = settings.deflate === 'takeover' ? 'dedicated' : 'shared';

const server = Bun.serve({
  hostname: settings.host,
  port: 0,
  tls: settings.tls
    ? {
        key: readFileSync(settings.tls.keyFile),
        cert: readFileSync(settings.tls.certFile)
      }
    : undefined,
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response('', { status: 426 }),
  websocket: {
    backpressureLimit: maxPayload,
    idleTimeout: 0,
    maxPayloadLength: maxPayload,
    perMessageDeflate: compress && { compress: how, decompress: how },
    sendPings: false,
    open(socket) {
      if (settings.perTick > 0) socket.subscribe('all');
    },
    message(socket, data) {
      if (settings.perTick === 0) {
        socket.send(data, compress);
        return;
      }

      for (let i = 0; i < settings.perTick; i++) {
        server.publish('all', data, compress);
      }
    }
  }
});

globalThis.gc = () => Bun.gc(true);
ready(server.port);
