'use strict';

const { AsyncResource } = require('async_hooks');
const diagnostics = require('diagnostics_channel');
const EventEmitter = require('events');
const http = require('http');

const { makeRequest } = require('./light-request');
const LightConnection = require('../connection/light-connection');
const { listen: listenToLoop } = require('../connection/loop-listeners');
const native = require('../native');
const { NOTHING, OTHER } = require('../native/numbers').request;
const { LightSocket } = require('../wire/light-socket');
const { isAvailable } = require('../wire/promotion');
const { noteWhyNode } = require('./why-node');
const WaitingHandles = require('./waiting-handles');

const channel = diagnostics.channel('net.server.socket');
const { emit } = EventEmitter.prototype;

/** A server as Node makes it: what others differ in is somebody's work. */
const ordinary = new http.Server();
const [onHttpConnection] = ordinary.listeners('connection');
const kIncomingMessage = symbolOf(ordinary, 'IncomingMessage');

/** If less than this is allowed, Node is to count bytes and lines itself. */
const LEAST_HEADER_SIZE = 8 * 1024;
const LEAST_HEADERS = 64;

const isEnabled = isAcceptEnabled(process.env.WS_RS_ACCEPT);
/** For tests: also where a program could see that Node did not build it. */
const isForced = process.env.WS_RS_ACCEPT === 'forced';
/** Whether stores belong to the context that a resource was made in. */
const keepsStores = Number(process.versions.node.split('.')[0]) >= 24;

/** On a listening handle: that it was taken. */
const kTaken = Symbol('ws-rs.taken');

/**
 * Accepts the connections of a server without having Node make a socket and a
 * parser for each: those that ask at once, and plainly, for what
 * `upgrade` is for. Whatever else comes goes to Node, as if it had just come.
 *
 * @param {http.Server} server A server that listens
 * @param {Function} objectionOf Says why the `WebSocketServer` does not want them,
 *     in a word, or `null`; asked for each
 * @param {Function} upgrade `(request, socket)`: opens a connection
 */
function acceptNatively(server, objectionOf, upgrade) {
  const listening = server._handle;

  if (!isEnabled || !listening || Object.hasOwn(listening, kTaken)) return;

  const { close, onconnection } = listening;
  const { shouldUpgradeCallback } = server;

  if (
    typeof onconnection !== 'function' ||
    onconnection.length !== 2 ||
    String(shouldUpgradeCallback) !== String(ordinary.shouldUpgradeCallback)
  ) {
    return;
  }

  listening[kTaken] = true;
  listenToLoop();

  const resource = new AsyncResource('WSRSACCEPT', {
    requireManualDestroy: true
  });
  let isClosed = false;
  const objection = () =>
    objectionOf() ??
    (isForced && server instanceof http.Server
      ? null
      : (strangeness(server) ??
        (server.shouldUpgradeCallback === shouldUpgradeCallback
          ? null
          : 'class')));
  const giveToNode = (handle, why) => {
    noteWhyNode(handle, why);
    onconnection.call(listening, 0, handle);
  };
  const waiting = new WaitingHandles(
    server,
    (handle) => {
      const why = objection();
      const head = why === null ? native.acceptRequest(handle.fd) : OTHER;

      if (typeof head === 'string') open(handle, head);
      else giveToNode(handle, why ?? 'request');
    },
    (handle) => giveToNode(handle, 'silent')
  );

  listening.onconnection = function onConnection(err, handle) {
    const why =
      err || !handle || !(handle.fd >= 0) ? 'descriptor' : objection();

    if (why !== null) {
      noteWhyNode(handle, why);
      return onconnection.call(this, err, handle);
    }

    const head = native.acceptRequest(handle.fd);

    if (typeof head === 'string') open(handle, head);
    else if (head !== NOTHING) giveToNode(handle, 'request');
    else if (!waiting.add(handle)) giveToNode(handle, 'descriptor');

    return undefined;
  };
  listening.close = function closeListening(...args) {
    waiting.close();
    if (!isClosed) resource.emitDestroy();
    isClosed = true;
    return close.apply(this, args);
  };

  function open(handle, head) {
    server._connections++;
    if (handle.setNoDelay) handle.setNoDelay(true);
    if (server.keepAlive && handle.setKeepAlive) {
      handle.setKeepAlive(true, server.keepAliveInitialDelay);
    }

    const socket = new LightSocket(new LightConnection(server, handle));
    const request = makeRequest(head, socket, server);

    forgetStores(resource);
    resource.runInAsyncScope(upgrade, undefined, request, socket);
  }
}

/**
 * How somebody could see that a connection was not made by Node, in a word;
 * `null` if nobody could.
 */
function strangeness(server) {
  if (
    server._events.connection !== onHttpConnection ||
    server.emit !== emit ||
    channel.hasSubscribers
  ) {
    return 'listener';
  }

  if (
    server.constructor !== http.Server ||
    server[kIncomingMessage] !== http.IncomingMessage
  ) {
    return 'class';
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

/**
 * Up to Node 22 a listener's `enterWith()` puts its store on the resource that
 * runs, which is one for all connections: each is to begin without. Later ones
 * keep no stores there.
 */
function forgetStores(resource) {
  if (keepsStores) return;

  for (const name of Object.getOwnPropertySymbols(resource)) {
    if (name.description === 'kResourceStore') resource[name] = undefined;
  }
}

function symbolOf(object, description) {
  return Object.getOwnPropertySymbols(object).find(
    (symbol) => symbol.description === description
  );
}

function isAcceptEnabled(name) {
  if (name === 'node') return false;
  if (['', 'native', 'forced', undefined].includes(name)) {
    return isAvailable;
  }

  throw new Error(
    `WS_RS_ACCEPT is "${name}"; set it to "native" or "node", or unset it`
  );
}

module.exports = acceptNatively;
