'use strict';

const { checkBeside } = require('../accept/tls-options');
const IdleSweep = require('../compression/idle-sweep');
const { checkZlibOptions } = require('../compression/zlib-options');
const BackPressure = require('../connection/back-pressure');
const { CLOSE_TIMEOUT } = require('../constants');
const given = require('../given');
const WebSocket = require('./websocket');
const ioThreads = require('../wire/io-threads');

/** Who may accept connections. */
const WAYS = ['native', 'node'];

const DEFAULTS = {
  allowSynchronousEvents: true,
  autoPong: true,
  backlog: null,
  clientTracking: true,
  closeTimeout: CLOSE_TIMEOUT,
  handleProtocols: null,
  host: null,
  maxBufferedChunks: 256 * 1024,
  maxFragments: 16 * 1024,
  maxPayload: 100 * 1024 * 1024,
  maxPendingAutoPongs: 60,
  noServer: false,
  path: null,
  perMessageDeflate: false,
  port: null,
  server: null,
  skipUTF8Validation: false,
  verifyClient: null,
  WebSocket
};

/**
 * The options of a `WebSocketServer`. Exactly one of `port`, `server` and `noServer`
 * is required.
 *
 * @typedef {Object} ServerOptions
 * @property {String} [accept='native'] An addition to ws: `'node'` has Node read all
 *     requests
 * @property {Boolean} [allowSynchronousEvents=true] Whether several
 *     `'message'`, `'ping'` and `'pong'` events may be emitted in one tick
 * @property {Boolean} [autoPong=true] Whether to answer pings
 * @property {Number} [backlog=511] How many connections may wait to be
 *     accepted
 * @property {Boolean} [clientTracking=true] Whether to keep the set
 *     `clients`
 * @property {Number} [closeTimeout=30000] How long a closing handshake
 *     may take, in milliseconds
 * @property {Function} [handleProtocols] `(protocols: Set, request) =>
 *     string | false`: picks the subprotocol; by default the first one offered
 * @property {Object} [heartbeat] An addition to ws: `interval` and
 *     `timeout`, in milliseconds. Peers of which nothing came for so long get a
 *     ping, and are terminated if nothing comes then either
 * @property {String} [host] The host name to listen on
 * @property {Number} [ioThreads=0] An addition to ws: how many threads read
 *     and write the sockets, past the event loop
 * @property {Number} [maxBackpressure] An addition to ws: how many bytes
 *     may wait for a peer that reads too slowly
 * @property {Number} [maxBufferedChunks=262144] How many chunks of an
 *     incomplete frame to keep; 0 means no limit
 * @property {Number} [maxFragments=16384] How many fragments a message
 *     may have; 0 means no limit
 * @property {Number} [maxPayload=104857600] The size limit of a message,
 *     in bytes; 0 means no limit
 * @property {Number} [maxPendingAutoPongs=60] How many answers to pings
 *     may wait to be written before the connection is terminated; 0 means no
 *     limit
 * @property {Boolean} [noServer=false] Whether to leave the HTTP server to
 *     the program, which calls `handleUpgrade()`
 * @property {String} [path] Accept only connections to this path
 * @property {String|Function} [onBackpressure='close'] What happens to
 *     messages beyond `maxBackpressure`: `'close'`, `'drop'`, or `(ws, bytes) =>
 *     'close' | 'drop' | 'queue'`
 * @property {Boolean|Object} [perMessageDeflate=false] Whether to accept
 *     permessage-deflate, or its parameters
 * @property {Number} [port] The port to listen on
 * @property {http.Server|https.Server} [server] The server to be a part
 *     of
 * @property {Boolean} [skipUTF8Validation=false] Whether to accept text
 *     that is not UTF-8
 * @property {Object} [tls] An addition to ws: TLS of our own on `port`, with the
 *     options of `tls.createServer()`; see docs/api.md
 * @property {Function} [verifyClient] `(info) => boolean` or `(info,
 *     callback) => void`: decides whether to accept a client
 * @property {typeof WebSocket} [WebSocket=WebSocket] The class of the
 *     connections
 */

/**
 * Checks the options of a server, and adds what is by default. That of `heartbeat`
 * and the certificates of `tls` are read by who uses them.
 *
 * @param {ServerOptions} given What the program gave
 * @return {ServerOptions} A new object
 * @throws {TypeError} If not exactly one of the required options is given, or if
 *     one of our own is not what it can be
 * @throws {RangeError|TypeError} If `perMessageDeflate` has options for zlib
 *     that zlib refuses
 */
function readOptions(given) {
  const options = { ...DEFAULTS, ...given };
  const modes = [options.port != null, options.server, options.noServer];

  if (modes.filter(Boolean).length !== 1) {
    throw new TypeError(
      'One and only one of the "port", "server", or "noServer" options must ' +
        'be specified'
    );
  }

  checkAccept(options);
  if (options.perMessageDeflate === true) options.perMessageDeflate = {};
  checkZlibOptions(options.perMessageDeflate);
  IdleSweep.check(options.perMessageDeflate);
  BackPressure.check(options);
  ioThreads.check(options);
  checkBeside(options);

  return options;
}

/** What is no string means something to somebody else. */
function checkAccept(options) {
  const accept = given(options, 'accept');

  if (typeof accept !== 'string' || WAYS.includes(accept)) return;

  throw new TypeError(
    `The option "accept" is "native" or "node", not "${accept}"`
  );
}

module.exports = readOptions;
