'use strict';

const { http } = require('../builtins');
const LightConnection = require('../connection/light-connection');
const { listen: listenToLoop } = require('../connection/loop-listeners');
const native = require('../native');
const { NOTHING, OTHER } = require('../native/numbers').request;
const { LightSocket } = require('../wire/light-socket');
const { isAvailable } = require('../wire/promotion');
const Listening = require('./listening');
const { isTakeable, observer } = require('./strangeness');
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
  if (!take(server)) return;

  const strangeness = observer(server, http.Server);

  listenToLoop();

  const objection = () =>
    objectionOf() ??
    (isForced && server instanceof http.Server ? null : strangeness());
  const waiting = new WaitingHandles(
    server,
    (id, handle) => {
      const why = objection();
      const head = why === null ? native.acceptRequest(id) : OTHER;

      if (typeof head === 'string') open(id, handle, head);
      else taken.giveToNode(id, handle, why ?? 'request');
    },
    (id, handle) => taken.giveToNode(id, handle, 'silent')
  );
  const taken = new Listening(server, {
    objection,

    receive(id, handle) {
      // Connections that wait came first. The reactor tells of their requests
      // before it tells of a connection that it takes itself; one that libuv
      // took, which has a handle, goes behind them.
      const head =
        !taken.isAwaited && (typeof handle === 'function' || waiting.isEmpty)
          ? native.acceptRequest(id)
          : NOTHING;

      if (typeof head === 'string') open(id, handle, head);
      else if (head !== NOTHING) taken.giveToNode(id, handle, 'request');
      else if (!waiting.add(id, handle)) {
        taken.giveToNode(id, handle, 'descriptor');
      }
    },

    close: () => waiting.giveAll()
  });

  function open(id, handle, head) {
    server._connections++;

    const light = new LightConnection(server, handle, id);
    const socket = new LightSocket(light);

    taken.open(socket, head, upgrade, () => !light.isOpen);
  }
}

/**
 * @param {net.Server} server A server that listens
 * @return {Boolean} `false` if its connections cannot be taken, or somebody takes
 *     them already
 */
function take(server) {
  const { _handle: listening } = server;

  if (
    !isEnabled ||
    !listening ||
    !isTakeable(server) ||
    Object.hasOwn(listening, kTaken)
  ) {
    return false;
  }

  listening[kTaken] = true;
  return true;
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

module.exports = { acceptNatively, take };
