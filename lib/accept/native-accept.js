'use strict';

const { http } = require('../builtins');
const { makeRequest } = require('./light-request');
const LightConnection = require('../connection/light-connection');
const { listen: listenToLoop } = require('../connection/loop-listeners');
const native = require('../native');
const { NOTHING, OTHER } = require('../native/numbers').request;
const { LightSocket } = require('../wire/light-socket');
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

  const scope = new Scope();
  const hasNoDelay = setNoDelay(server, listening);
  const objection = () =>
    objectionOf() ??
    (isForced && server instanceof http.Server ? null : strangeness());
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
    scope.close();
    return close.apply(this, args);
  };

  function open(handle, head) {
    server._connections++;
    setOptions(server, handle, hasNoDelay);

    const socket = new LightSocket(new LightConnection(server, handle));
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
