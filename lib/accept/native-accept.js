'use strict';

const { http } = require('../builtins');
const { makeRequest } = require('./light-request');
const LightConnection = require('../connection/light-connection');
const { listen: listenToLoop } = require('../connection/loop-listeners');
const native = require('../native');
const { NOTHING, OTHER } = require('../native/numbers').request;
const { keepContext, makeHandle } = require('../wire/descriptor-handle');
const { LightSocket } = require('../wire/light-socket');
const { acceptors } = require('../wire/loop');
const { isAvailable } = require('../wire/promotion');
const Scope = require('./scope');
const { isTakeable, observer } = require('./strangeness');
const { noteWhyNode } = require('./why-node');
const WaitingHandles = require('./waiting-handles');

const isEnabled = isAcceptEnabled(process.env.WS_RS_ACCEPT);
/** For tests: also where a program could see that Node did not build it. */
const isForced = process.env.WS_RS_ACCEPT === 'forced';
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

  if (
    !isEnabled ||
    !listening ||
    Object.hasOwn(listening, kTaken) ||
    !isTakeable(server)
  ) {
    return;
  }

  const { close, onconnection } = listening;
  const strangeness = observer(server, http.Server);

  listening[kTaken] = true;
  listenToLoop();

  const scope = new Scope(false);
  // What Node's own `onconnection` runs in keeps what a listener leaves there.
  const nodesScope = new Scope(true);
  const hasNoDelay = setNoDelay(server, listening);
  // The descriptor is asked for while there is one.
  const { fd } = listening;
  const Handle = listening.constructor;
  let isTaking = false;

  const objection = () =>
    objectionOf() ??
    (isForced && server instanceof http.Server ? null : strangeness());
  const giveToNode = (id, handle, why) => {
    const given = handle === Handle ? makeHandle(id, Handle) : handle;

    native.connectionFree(id);
    noteWhyNode(given, why);
    nodesScope.run(() => onconnection.call(listening, 0, given));
  };
  const waiting = new WaitingHandles(
    server,
    (id, handle) => {
      const why = objection();
      const head = why === null ? native.acceptRequest(id) : OTHER;

      if (typeof head === 'string') open(id, handle, head);
      else giveToNode(id, handle, why ?? 'request');
    },
    (id, handle) => giveToNode(id, handle, 'silent')
  );

  listening.onconnection = function onConnection(err, handle) {
    const why =
      err || !handle || !(handle.fd >= 0) ? 'descriptor' : objection();
    const id = why === null ? native.acceptBorrow(handle.fd) : undefined;

    if (id === undefined) {
      noteWhyNode(handle, why ?? 'descriptor');
      return onconnection.call(this, err, handle);
    }

    take(true);
    receive(id, handle);
    return undefined;
  };
  listening.close = function closeListening(...args) {
    take(false);
    waiting.close();
    scope.close();
    nodesScope.close();
    return close.apply(this, args);
  };

  /**
   * Whether connections are taken before libuv takes them and Node makes a handle for
   * each. The kernel tells whoever watches last first: so from the first one on.
   */
  function take(isTo) {
    if (isTo === isTaking) return;

    if (isTo) {
      isTaking = fd >= 0 && native.acceptListen(fd) === 1;
      if (isTaking) acceptors.set(fd, onTaken);
    } else {
      isTaking = false;
      native.acceptLeave(fd);
      acceptors.delete(fd);
    }
  }

  function onTaken(id) {
    keepContext();

    const why = objection();

    if (why === null) {
      receive(id, Handle);
    } else {
      // What is to have a handle gets it from libuv for less.
      take(false);
      giveToNode(id, Handle, why);
    }
  }

  /** A connection has come: Node's handle for it, or the class of one to be made. */
  function receive(id, handle) {
    const head = native.acceptRequest(id);

    if (typeof head === 'string') open(id, handle, head);
    else if (head !== NOTHING) giveToNode(id, handle, 'request');
    else if (!waiting.add(id, handle)) giveToNode(id, handle, 'descriptor');
  }

  function open(id, handle, head) {
    const light = new LightConnection(server, handle, id);

    server._connections++;
    if (server.keepAlive || (!hasNoDelay && light.can('setNoDelay'))) {
      setOptions(server, light.handle, hasNoDelay);
    }

    const socket = new LightSocket(light);
    const request = makeRequest(head, socket, server);

    scope.run(upgrade, request, socket);
  }
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

/**
 * Linux gives what it accepts the listening socket's `TCP_NODELAY`: a system call
 * less for each.
 *
 * @return {Boolean} Whether that was set, as Node would set it on each as well
 */
function setNoDelay(server, listening) {
  return (
    process.platform === 'linux' &&
    server.noDelay === true &&
    listening.setNoDelay !== undefined &&
    listening.setNoDelay(true) === 0
  );
}

/** What Node's server sets on the sockets that it makes. */
function setOptions(server, handle, hasNoDelay = false) {
  if (!hasNoDelay && handle.setNoDelay) handle.setNoDelay(true);
  if (server.keepAlive && handle.setKeepAlive) {
    handle.setKeepAlive(true, server.keepAliveInitialDelay);
  }
}

module.exports = { acceptNatively, isEnabled, setOptions };
