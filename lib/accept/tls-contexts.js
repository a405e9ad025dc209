'use strict';

const { Buffer } = require('buffer');
const crypto = require('crypto');
const https = require('https');
const tls = require('tls');

const native = require('../native');
const { ASK_CLIENTS, LEAST_13, MOST_12, REQUIRE_CLIENTS } =
  require('../native/numbers').tls;

/** Options of `tls.createServer()` that mean something else to rustls, or nothing. */
const UNKNOWN = [
  'ALPNCallback',
  'allowPartialTrustChain',
  'ciphers',
  'clientCertEngine',
  'crl',
  'dhparam',
  'ecdhCurve',
  'enableTrace',
  'pauseOnConnect',
  'pfx',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'pskCallback',
  'pskIdentityHint',
  'secureContext',
  'secureOptions',
  'secureProtocol',
  'sessionIdContext',
  'sessionTimeout',
  'sigalgs',
  'ticketKeys'
];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
/** What Node's `https.Server` offers. */
const PROTOCOLS = ['http/1.1'];
const HANDSHAKE_TIMEOUT = 120_000;

/** The TLS contexts of a server: one, and others by the name that a client wants. */
class TlsContexts {
  /**
   * @param {Object} options See `WebSocketServer`
   * @throws {TypeError|Error} If they cannot be honoured
   */
  constructor(options) {
    check(options);
    this.handshakeTimeout = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT;
    /** The native contexts, by the options that they were made of. */
    this._ids = new WeakMap();
    this._all = [];
    this._take(options);
  }

  /**
   * For tests: with `WS_RS_TLS=forced` servers of the program's are served with TLS
   * of our own, too.
   *
   * @param {http.Server} server A server that was given as an option
   * @return {TlsContexts|null} Its context; `null` if it is Node's to serve
   */
  static forced(server) {
    if (process.env.WS_RS_TLS !== 'forced') return null;
    if (!(server instanceof https.Server) || !server.key) return null;

    const { ca, cert, key, passphrase, rejectUnauthorized, requestCert } =
      server;

    return new TlsContexts({
      ca,
      cert,
      key,
      passphrase,
      rejectUnauthorized,
      requestCert
    });
  }

  /** Whether clients are asked for certificates. */
  get isAsking() {
    return Boolean(this._options.requestCert);
  }

  /** The context for all clients; -1 if it depends on whom they want to speak to. */
  get id() {
    return this._isNamed ? -1 : this._idOf(this._options);
  }

  /**
   * Takes other certificates and keys; connections that are open keep theirs.
   *
   * @param {Object} options Those of `tls.createSecureContext()`
   */
  replace(options) {
    const next = { ...this._options, ...options };

    check(next);
    makeContext(next, (id) => native.tlsContextFree(id));
    this.free();
    this._take(next);
  }

  /**
   * Finds the context for a client.
   *
   * @param {String} name Whom it wants to speak to; empty if it did not say
   * @param {Function} callback `(err, id)`
   */
  find(name, callback) {
    const { SNICallback, contexts } = this._options;
    const settle = (err, options) => {
      if (err) {
        callback(err);
        return;
      }

      try {
        const chosen = options
          ? { ...this._options, ...plain(options, 'SNICallback') }
          : this._options;

        callback(null, this._idOf(options ?? this._options, chosen));
      } catch (error) {
        callback(error);
      }
    };

    if (name !== '' && contexts) {
      const found =
        contexts[name] ?? contexts[`*${name.slice(name.indexOf('.'))}`];

      if (found) return settle(null, found);
    }

    if (name !== '' && SNICallback) return SNICallback(name, once(settle));

    return settle(null, null);
  }

  free() {
    for (const id of this._all) native.tlsContextFree(id);
    this._all = [];
    this._ids = new WeakMap();
  }

  _take(options) {
    this._options = options;
    this._isNamed = Boolean(options.SNICallback || options.contexts);
    this._idOf(options);
  }

  _idOf(key, options = key) {
    let id = this._ids.get(key);

    if (id === undefined) {
      id = makeContext(options);
      this._ids.set(key, id);
      this._all.push(id);
    }

    return id;
  }
}

/** What Node's own server is to get of the options. */
function forNode(options) {
  const { SNICallback, contexts, ocspResponse, onRequest, ...others } = options;
  const toContext = (chosen) =>
    tls.createSecureContext({ ...others, ...plain(chosen, 'SNICallback') });

  void ocspResponse;
  void onRequest;
  if (!SNICallback && !contexts) return others;

  return {
    ...others,
    SNICallback(name, callback) {
      const found =
        contexts?.[name] ?? contexts?.[`*${name.slice(name.indexOf('.'))}`];

      if (found) callback(null, toContext(found));
      else if (!SNICallback) callback(null);
      else {
        SNICallback(name, (err, chosen) => {
          if (err || !chosen) callback(err);
          else callback(null, toContext(chosen));
        });
      }
    }
  };
}

function plain(options, name) {
  if (options?.context !== undefined && options.key === undefined) {
    throw new TypeError(
      `"tls.${name}" gave a tls.SecureContext, out of which no key can be had; ` +
        'give the options for it: { key, cert }'
    );
  }

  return options;
}

function check(options) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError(
      'The "tls" option must be an object with the options of ' +
        'tls.createServer(), { key, cert } at least'
    );
  }

  for (const name of UNKNOWN) {
    if (options[name] !== undefined) {
      throw new TypeError(
        `"tls.${name}" cannot be honoured by the TLS of ws-rs; leave it out, or ` +
          'give an https.Server as "server"'
      );
    }
  }

  for (const name of ['minVersion', 'maxVersion']) {
    if (options[name] != null && !VERSIONS.includes(options[name])) {
      throw new TypeError(
        `"tls.${name}" is "${options[name]}"; ws-rs speaks TLSv1.2 and TLSv1.3`
      );
    }
  }

  if (options.minVersion === 'TLSv1.3' && options.maxVersion === 'TLSv1.2') {
    throw new TypeError('"tls.minVersion" is above "tls.maxVersion"');
  }

  const { contexts, handshakeTimeout, ocspResponse } = options;

  if (contexts != null && typeof contexts !== 'object') {
    throw new TypeError(
      '"tls.contexts" must be an object: names of servers to { key, cert }'
    );
  }
  if (ocspResponse != null && !(ocspResponse instanceof Uint8Array)) {
    throw new TypeError('"tls.ocspResponse" must be a Buffer (DER)');
  }
  if (handshakeTimeout != null && !(handshakeTimeout > 0)) {
    throw new RangeError(
      '"tls.handshakeTimeout" must be above 0 (milliseconds)'
    );
  }
}

/** @return {Number} The native context of some options */
function makeContext(options, use) {
  // Node says best what is wrong with them.
  tls.createSecureContext({ ...forNode(options), SNICallback: undefined });

  const { requestCert, rejectUnauthorized = true } = options;
  const ca = options.ca ?? (requestCert ? tls.rootCertificates : []);
  const context = native.tlsContext(
    pack(identities(options).flat(), 4),
    Buffer.from([].concat(ca).map(String).join('\n')),
    (requestCert ? (rejectUnauthorized ? REQUIRE_CLIENTS : ASK_CLIENTS) : 0) |
      (options.minVersion === 'TLSv1.3' ? LEAST_13 : 0) |
      (options.maxVersion === 'TLSv1.2' ? MOST_12 : 0),
    pack(protocolsOf(options.ALPNProtocols ?? PROTOCOLS), 1),
    options.ocspResponse ?? Buffer.alloc(0)
  );

  if (typeof context === 'string') throw new Error(`"tls": ${context}`);
  if (use) use(context);
  return context;
}

/** Chains in PEM, each with its key in PKCS #8. */
function identities({ cert, key, passphrase }) {
  const keys = [].concat(key ?? []);

  return [].concat(cert ?? []).map((chain, i) => {
    const one = keys[i];
    const hasOwn = one?.pem !== undefined;
    const made = crypto.createPrivateKey({
      key: hasOwn ? one.pem : one,
      passphrase: (hasOwn && one.passphrase) || passphrase
    });

    return [Buffer.from(chain), made.export({ format: 'der', type: 'pkcs8' })];
  });
}

/** Names, or what `tls.convertALPNProtocols()` makes of them. */
function protocolsOf(protocols) {
  if (Array.isArray(protocols)) {
    return protocols.map((name) => Buffer.from(name));
  }

  const list = [];

  for (let at = 0; at < protocols.length; at += protocols[at] + 1) {
    list.push(Buffer.from(protocols).subarray(at + 1, at + 1 + protocols[at]));
  }

  return list;
}

/** Puts the length before each of a list of buffers. */
function pack(list, width) {
  return Buffer.concat(
    list.flatMap((bytes) => {
      const length = Buffer.alloc(width);

      length.writeUIntBE(bytes.length, 0, width);
      return [length, bytes];
    })
  );
}

function once(callback) {
  let isCalled = false;

  return (...args) => {
    if (isCalled) return;

    isCalled = true;
    callback(...args);
  };
}

module.exports = { TlsContexts, forNode };
