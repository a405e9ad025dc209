'use strict';

const http = require('http');
const https = require('https');

const { EMPTY_BUFFER } = require('../constants');
const { acceptNatively } = require('../accept/native-accept');
const acceptTls = require('../accept/tls-accept');
const TlsContexts = require('../accept/tls-contexts');
const { forNode } = require('../accept/tls-options');
const given = require('../given');
const handshake = require('../handshake/server-handshake');
const trace = require('../wire/trace');

/**
 * @param {Object} options Those of a `WebSocketServer`
 * @return {http.Server|https.Server} The server for its `port`
 */
function createServer(tls) {
  if (!tls) return http.createServer(handshake.refuse);
  return https.createServer(forNode(tls), tls.onRequest ?? handshake.refuse);
}

/**
 * Has a `WebSocketServer` be a part of an HTTP server.
 *
 * @param {WebSocketServer} wss The one
 * @param {http.Server|https.Server} server The other
 * @param {TlsContexts|null} own The contexts of the `tls` option, if there is one
 * @param {Function} isOrdinary Whether nobody has put methods on the
 *     `WebSocketServer` that are to see Node's sockets; asked for each connection
 * @return {Function} Ends that
 */
function attach(wss, server, own, isOrdinary) {
  // An emit() that a program puts there later sees none of these, as with ws.
  const emit = wss.emit;
  const onConnection = emit.bind(wss, 'connection');
  const listeners = {
    listening: () => {
      accept();
      emit.call(wss, 'listening');
    },
    error: emit.bind(wss, 'error'),
    upgrade: (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, onConnection);
    },
    ...(own !== null && {
      // Of connections that are left to Node.
      OCSPRequest: (certificate, issuer, callback) => {
        callback(null, own.ocspResponseFor(certificate));
      },
      tlsClientError: (error, socket) => {
        trace.handshake(error, socket);
        emit.call(wss, 'tlsClientError', error, socket);
      }
    })
  };
  const events = Object.keys(listeners);
  const accept = () => {
    if (given(wss.options, 'accept') === 'node') return;

    const objectionOf = () => {
      if (server._events.upgrade !== listeners.upgrade) return 'listener';
      return isOrdinary() ? null : 'class';
    };
    const upgrade = (request, socket) => {
      wss.handleUpgrade(request, socket, EMPTY_BUFFER, onConnection);
    };
    const contexts = own ?? TlsContexts.forced(server);

    if (contexts === null) acceptNatively(server, objectionOf, upgrade);
    else acceptTls(server, contexts, objectionOf, upgrade);
  };

  for (const event of events) {
    // Node's own destroys the socket, which is then nobody's any more.
    if (event === 'tlsClientError') {
      server.prependListener(event, listeners[event]);
    } else {
      server.on(event, listeners[event]);
    }
  }

  if (server.listening) accept();

  return () => {
    for (const event of events) {
      server.removeListener(event, listeners[event]);
    }
  };
}

module.exports = { attach, createServer };
