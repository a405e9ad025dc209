'use strict';

const { https } = require('../builtins');
const {
  authoritiesOrNone,
  certificatesIn,
  fingerprint,
  makeContext
} = require('./native-context');
const {
  CALLBACK,
  CONTEXTS,
  check,
  checkReplacement,
  lookUp,
  merge
} = require('./tls-options');
const native = require('../native');
const { FinalizationRegistry } = require('../weak');

const HANDSHAKE_TIMEOUT = 120_000;
/** How many contexts of an `SNICallback` are kept for the next who ask for them. */
const MOST_RECENT = 1000;

/** Of servers that never listened nobody says that they are closed. */
const forgotten = new FinalizationRegistry(freeAll);

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
    this._all = new Set();
    /** Those of an `SNICallback`, by what they were made of; the oldest is the first. */
    this._recent = new Map();
    this._take(options);
    forgotten.register(this, this._all);
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

  /** Whom clients' certificates are to be of, as `X509Certificate`s. */
  authorities() {
    this._authorities ??= [this._options, ...contextsOf(this._options)]
      .map(authoritiesOrNone)
      .flatMap(certificatesIn);

    return this._authorities;
  }

  /**
   * @param {Buffer} certificate One of a server, in DER
   * @return {Uint8Array|null} What was given to be said about it
   */
  ocspResponseFor(certificate) {
    const found = [this._options, ...contextsOf(this._options)].find(
      ({ cert, ocspResponse }) =>
        ocspResponse && certificatesIn(cert)[0]?.raw.equals(certificate)
    );

    return found?.ocspResponse ?? null;
  }

  /** The context for all clients; -1 if it depends on whom they want to speak to. */
  get id() {
    return this._isNamed ? -1 : this._idOf(this._options);
  }

  /** The options, as they are now. */
  get options() {
    return this._options;
  }

  /**
   * Takes other certificates and keys; connections that are open keep theirs.
   *
   * @param {Object} options Those of `tls.createSecureContext()`
   */
  replace(options) {
    const next = merge(this._options, options, 'setSecureContext()');

    checkReplacement(options);

    check(next);
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
    const settle = (err, options, idOf = () => this._idOf(this._options)) => {
      if (err) {
        callback(err);
        return;
      }

      let id;

      try {
        id = idOf(options);
      } catch (error) {
        callback(error);
        return;
      }

      callback(null, id);
    };
    const found = name === '' ? undefined : lookUp(contexts, name);

    if (found) {
      settle(null, found, () =>
        this._idOf(found, () => merge(this._options, found, CONTEXTS))
      );
    } else if (name !== '' && SNICallback) {
      SNICallback(
        name,
        once((err, chosen) => {
          if (err || !chosen) settle(err);
          else settle(null, chosen, (options) => this._recentOf(options));
        })
      );
    } else {
      settle(null);
    }
  }

  free() {
    freeAll(this._all);
    this._ids = new WeakMap();
    this._recent.clear();
  }

  /** Makes all contexts that are known, so that it shows now what is wrong with one. */
  _take(options) {
    const made = new Map();

    try {
      made.set(options, makeContext(options));
      for (const [name, some] of Object.entries(options.contexts ?? {})) {
        if (!made.has(some)) {
          made.set(some, makeContext(merge(options, some, CONTEXTS), name));
        }
      }
    } catch (err) {
      freeAll(new Set(made.values()));
      throw err;
    }

    this.free();
    this._options = options;
    this._isNamed = Boolean(options.SNICallback || options.contexts);
    this._authorities = null;
    for (const [key, id] of made) {
      this._ids.set(key, id);
      this._all.add(id);
    }
  }

  _idOf(key, optionsOf = () => key) {
    let id = this._ids.get(key);

    if (id === undefined) {
      id = makeContext(optionsOf());
      this._ids.set(key, id);
      this._all.add(id);
    }

    return id;
  }

  /** Most callbacks give a new object each time, mostly with the same in it. */
  _recentOf(chosen) {
    const options = merge(this._options, chosen, CALLBACK);
    const key = fingerprint(options);
    let id = this._recent.get(key);

    if (id === undefined) {
      check(options);
      id = makeContext(options);
      this._all.add(id);
    }

    this._recent.delete(key);
    this._recent.set(key, id);

    if (this._recent.size > MOST_RECENT) {
      const [[oldest, unused]] = this._recent;

      this._recent.delete(oldest);
      this._all.delete(unused);
      // Sessions that began in it have it still.
      native.tlsContextFree(unused);
    }

    return id;
  }
}

/** @param {Set<Number>} ids Native contexts in which nothing begins any more */
function freeAll(ids) {
  for (const id of ids) native.tlsContextFree(id);
  ids.clear();
}

function contextsOf({ contexts }) {
  return Object.values(contexts ?? {});
}

function once(callback) {
  let isCalled = false;

  return (...args) => {
    if (isCalled) return;

    isCalled = true;
    callback(...args);
  };
}

module.exports = TlsContexts;
