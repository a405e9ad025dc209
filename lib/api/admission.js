'use strict';

const handshake = require('../handshake/server-handshake');
const { materialize } = require('../wire/materialize');

/**
 * Answers a wrong handshake, unless the program wants to.
 *
 * @param {WebSocketServer} server The server
 * @param {HandshakeError} error What is wrong
 * @param {stream.Duplex} socket The socket of the request
 * @param {http.IncomingMessage} request The request
 */
function refuse(server, error, socket, request) {
  if (server.listenerCount('wsClientError') > 0) {
    server.emit('wsClientError', error, socket, request);
  } else {
    handshake.abort(socket, error.status, error.message, error.headers);
  }
}

/**
 * Asks `verifyClient`, and answers the request if it declines.
 *
 * @param {WebSocketServer} server The server
 * @param {http.IncomingMessage} request The request
 * @param {stream.Duplex} socket The socket of the request
 * @param {Array} upgrade What `completeUpgrade()` gets if the client is accepted
 */
function verify(server, request, socket, upgrade) {
  const { options } = server;
  const settle = (accepted, code, message, headers) => {
    if (accepted) server.completeUpgrade(...upgrade);
    else handshake.abort(socket, code || 401, message, headers);
  };
  const isAsync = options.verifyClient.length === 2;

  // A client that goes meanwhile is to be noticed.
  if (isAsync) materialize(socket);

  const info = handshake.describeClient(request);

  if (isAsync) options.verifyClient(info, settle);
  else settle(options.verifyClient(info));
}

/**
 * Picks one of the subprotocols that a client offers.
 *
 * @param {WebSocketServer} server The server
 * @param {Set<String>} protocols What is offered
 * @param {http.IncomingMessage} request The request
 * @return {String|false|undefined} The one to use; none if it is falsy
 */
function selectProtocol({ options }, protocols, request) {
  if (!protocols.size) return '';
  if (options.handleProtocols) {
    return options.handleProtocols(protocols, request);
  }

  return protocols.values().next().value;
}

module.exports = { refuse, selectProtocol, verify };
