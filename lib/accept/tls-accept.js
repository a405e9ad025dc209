'use strict';

const { https } = require('../builtins');
const TlsConnection = require('../connection/tls-connection');
const { listen: listenToLoop } = require('../connection/loop-listeners');
const Listening = require('./listening');
const { take } = require('./native-accept');
const native = require('../native');
const { materialize } = require('../wire/materialize');
const { observer } = require('./strangeness');
const Handshakes = require('./tls-handshakes');
const TlsLightSocket = require('../wire/tls-socket');
const { noteWhyNode } = require('./why-node');

/**
 * Accepts the connections of a server with TLS of our own. Those that ask for an
 * upgrade, and plainly, are `upgrade`'s; what others ask is put to the server, on
 * a socket that Node can use as one of its own. If somebody could see that Node
 * did not make the socket, it does.
 *
 * @param {https.Server} server A server that listens
 * @param {TlsContexts} contexts Its contexts
 * @param {Function} objectionOf Says why the `WebSocketServer` does not want them,
 *     in a word, or `null`; asked for each
 * @param {Function} upgrade `(request, socket)`: opens a connection
 */
function acceptTls(server, contexts, objectionOf, upgrade) {
  if (!take(server)) return;

  const strangeness = observer(server, https.Server);

  listenToLoop();

  const handshakes = new Handshakes(server, contexts, {
    onRequest(handle, head) {
      const socket = lightSocket(handle);
      const isLeft = () => handle.socket === null && !handle.isConnected;

      taken.open(socket, head, upgrade, isLeft);
    },

    onOther(handle, why) {
      const socket = lightSocket(handle);

      noteWhyNode(handle, why);
      taken.scope.run(() => {
        materialize(socket);
        server.emit('secureConnection', socket);
      });
    },

    onError(handle, err) {
      const socket = lightSocket(handle);

      taken.scope.run(() => {
        try {
          server.emit('tlsClientError', err, socket);
        } finally {
          // A listener may have left that to us, as with Node.
          if (!socket.destroyed) socket.destroy();
        }
      });
    }
  });

  const taken = new Listening(server, {
    objection: () => objectionOf() ?? strangeness(),

    receive(id, handle) {
      if (native.tlsAccept(id, contexts.id) === 1) handshakes.add(handle, id);
      else taken.giveToNode(id, handle, 'descriptor');
    },

    close() {}
  });

  // Nothing begins any more.
  server.once('close', () => contexts.free());

  function lightSocket(handle) {
    const light = new TlsConnection(server, handle);

    return new TlsLightSocket(light, handle, contexts.isAsking, () =>
      contexts.authorities()
    );
  }
}

module.exports = acceptTls;
