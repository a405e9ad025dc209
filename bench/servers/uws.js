'use strict';

// The echo server on uWebSockets.js.

const uws = require('@trufflesuite/uws-js-unofficial');

const { maxPayload, ready, settings } = require('./control');

// Where this package has no binary for the running Node it silently becomes a
// wrapper of ws, which has no SSLApp.
if (typeof uws.SSLApp !== 'function') {
  throw new Error(
    `uWebSockets.js has no binary for Node ${process.versions.node} on ` +
      `${process.platform}-${process.arch}`
  );
}

const app = settings.tls
  ? uws.SSLApp({
      key_file_name: settings.tls.keyFile,
      cert_file_name: settings.tls.certFile
    })
  : uws.App();

const compression = {
  takeover: uws.DEDICATED_COMPRESSOR | uws.DEDICATED_DECOMPRESSOR,
  'no-takeover': uws.SHARED_COMPRESSOR | uws.SHARED_DECOMPRESSOR
};
const compress = settings.deflate !== null;

app.ws('/*', {
  compression: compress ? compression[settings.deflate] : uws.DISABLED,
  idleTimeout: 0,
  maxBackpressure: maxPayload,
  maxPayloadLength: maxPayload,
  sendPingsAutomatically: false,
  open: (socket) => {
    if (settings.perTick > 0) socket.subscribe('all');
  },
  message: (socket, data, isBinary) => {
    if (settings.perTick === 0) {
      socket.send(data, isBinary, compress);
      return;
    }

    for (let i = 0; i < settings.perTick; i++) {
      app.publish('all', data, isBinary, compress);
    }
  }
});
app.listen(settings.host, 0, (token) => {
  if (!token) {
    throw new Error(`uWebSockets.js cannot listen on ${settings.host}`);
  }
  ready(uws.us_socket_local_port(token));
});
