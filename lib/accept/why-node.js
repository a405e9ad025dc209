'use strict';

const given = require('../given');

/** On a handle: why its connection was not accepted natively. */
const kWhyNode = Symbol('ws-rs.whyNode');

/** Notes why Node is to read a handle. */
function noteWhyNode(handle, why) {
  if (handle) handle[kWhyNode] = why;
}

/**
 * Why Node has read the request of a connection, in a word: docs/api.md lists
 * them.
 *
 * @param {stream.Duplex} socket Its socket
 * @param {Object} options Those of the `WebSocketServer`
 * @return {String} The reason
 */
function whyNode(socket, options) {
  const handle = socket._handle;
  // Node's TLS has the handle that was accepted behind its own.
  const accepted =
    given(options, 'tls') && handle?._parent ? handle._parent : handle;
  const why = accepted?.[kWhyNode];

  if (why !== undefined) return why;
  if (socket.encrypted) return 'tls';
  if (options.noServer) return 'noServer';

  return 'off';
}

module.exports = { noteWhyNode, whyNode };
