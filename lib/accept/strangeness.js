'use strict';

const EventEmitter = require('events');

const { diagnostics, http, https } = require('../builtins');

const channel = diagnostics.channel('net.server.socket');
const { emit } = EventEmitter.prototype;

/** If less than this is allowed, Node is to count bytes and lines itself. */
const LEAST_HEADER_SIZE = 8 * 1024;
const LEAST_HEADERS = 64;

/**
 * Servers as Node makes them: what others differ in is somebody's work. A mock may
 * have no events.
 */
const ordinary = new Map(
  [new http.Server(), new https.Server()].map((server) => [
    server.constructor,
    {
      connection: server._events?.connection,
      secureConnection: server._events?.secureConnection,
      shouldUpgrade: String(server.shouldUpgradeCallback)
    }
  ])
);
const kIncomingMessage = symbolOf(new http.Server(), 'IncomingMessage');

/**
 * Whether the connections of a server that listens come as Node lets them come,
 * and Node has no callback of the program's to ask about upgrades.
 *
 * @param {http.Server} server A server that listens
 * @return {Boolean} Whether its `onconnection` can be taken
 */
function isTakeable(server) {
  const { onconnection } = server._handle;

  return (
    typeof onconnection === 'function' &&
    onconnection.length === 2 &&
    String(server.shouldUpgradeCallback) ===
      ordinary.get(http.Server).shouldUpgrade
  );
}

/**
 * @param {http.Server} server A server whose connections are taken from now on
 * @param {typeof http.Server} Class What it is to be
 * @return {Function} Says how somebody could see now that a connection was not made
 *     by Node, in a word, as `strangeness()`; a callback about upgrades that came
 *     since then is one more way
 */
function observer(server, Class) {
  const { shouldUpgradeCallback } = server;

  return () =>
    strangeness(server, Class) ??
    (server.shouldUpgradeCallback === shouldUpgradeCallback ? null : 'class');
}

/**
 * How somebody could see that a connection was not made by Node, in a word;
 * `null` if nobody could.
 *
 * @param {http.Server} server Its server
 * @param {typeof http.Server} Class What it is to be
 * @return {String|null} See "fallbacks" in docs/api.md
 */
function strangeness(server, Class) {
  if (
    server.constructor !== Class ||
    server[kIncomingMessage] !== http.IncomingMessage
  ) {
    return 'class';
  }

  const model = ordinary.get(Class);

  if (
    server._events.connection !== model.connection ||
    server._events.secureConnection !== model.secureConnection ||
    server.emit !== emit ||
    channel.hasSubscribers ||
    // Of async-listener, which wraps what the handles of Node call.
    process.addAsyncListener
  ) {
    return 'listener';
  }

  const isLimited =
    server.maxConnections >= 0 && server._connections >= server.maxConnections;

  return isLimited ||
    server.blockList ||
    server.pauseOnConnect ||
    (server.maxHeadersCount && server.maxHeadersCount < LEAST_HEADERS) ||
    (server.maxHeaderSize ?? http.maxHeaderSize) < LEAST_HEADER_SIZE
    ? 'options'
    : null;
}

function symbolOf(object, description) {
  return Object.getOwnPropertySymbols(object).find(
    (symbol) => symbol.description === description
  );
}

module.exports = { isTakeable, observer };
