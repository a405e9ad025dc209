'use strict';

const { Buffer } = require('buffer');

const { crypto, tls } = require('../builtins');
const { kOutbox } = require('./behind-frames');
const { define } = require('./lazy-fields');
const { LightSocket } = require('./light-socket');
const { materialize } = require('./materialize');
const { kLoop, kOwnTls } = require('./taken-socket');
const timers = require('../timers');
const { brokenPipeError } = require('./errors');

const { X509Certificate } = crypto;

/** On a socket that speaks TLS natively: its handle. */
const kTls = Symbol('ws-rs.tls');

/** Where a suite's name stands in the list of a handle's facts, and so on. */
const [PROTOCOL, CIPHER, ALPN, SERVER_NAME, RESUMED, DISTRUST, CERTIFICATES] = [
  0, 1, 2, 3, 4, 5, 6
];

/**
 * The socket of a server's connection that speaks TLS natively: as `LightSocket`,
 * with what a `tls.TLSSocket` says of its handshake.
 *
 * @param {Light} light What there is of it
 * @param {TlsHandle} handle Its handle
 * @param {Boolean} isAsked Whether clients are asked for certificates
 * @param {Function} authorities Gives the certificates of those who are trusted
 */
function TlsLightSocket(light, handle, isAsked, authorities) {
  LightSocket.call(this, light);
  this[kTls] = { authorities, handle, isAsked };
}

TlsLightSocket.prototype = Object.create(LightSocket.prototype);
// It is what `hook()` makes of others, too.
for (const key of [kLoop, kOutbox]) {
  Object.defineProperty(
    TlsLightSocket.prototype,
    key,
    Object.getOwnPropertyDescriptor(LightSocket.prototype, key)
  );
}

const members = {
  // For everybody it is what Node makes.
  constructor: tls.TLSSocket,

  [kOwnTls]: write,

  encrypted: true,

  /** Where `net.Socket` gives its handle bytes to write. */
  _writeGeneric(isMany, data, encoding, callback) {
    const bytes = isMany
      ? Buffer.concat(
          data.map(({ chunk, encoding }) => toBytes(chunk, encoding))
        )
      : toBytes(data, encoding);
    const handle = this._handle;

    if (!handle) {
      callback(brokenPipeError());
      return;
    }

    this._unrefTimer();
    handle.write(bytes, callback);
  },

  getProtocol() {
    const facts = factsOf(this);

    return facts ? facts[PROTOCOL] : null;
  },

  getCipher() {
    const facts = factsOf(this);

    if (!facts) return undefined;

    const standardName = facts[CIPHER];
    const isNew = facts[PROTOCOL] === 'TLSv1.3';

    return {
      name: isNew ? standardName : opensslName(standardName),
      standardName,
      version: facts[PROTOCOL]
    };
  },

  getPeerCertificate(detailed) {
    const chain = chainOf(this);

    if (chain === null) return null;
    if (chain.length === 0) return {};

    return detailed
      ? withIssuers(chain, this[kTls].authorities)
      : chain[0].toLegacyObject();
  },

  getPeerX509Certificate() {
    return chainOf(this)?.[0];
  },

  isSessionReused() {
    const facts = factsOf(this);

    return facts ? facts[RESUMED] === 1 : false;
  },

  getEphemeralKeyInfo() {
    // Servers do not learn of it.
    return null;
  },

  getSession() {
    return undefined;
  },

  getTLSTicket() {
    return undefined;
  },

  getSharedSigalgs() {
    return [];
  },

  getFinished() {
    return undefined;
  },

  getPeerFinished() {
    return undefined;
  },

  disableRenegotiation() {},

  enableTrace() {},

  setMaxSendFragment() {
    return false;
  },

  renegotiate(options, callback) {
    const error = new Error(
      'TLS sessions of ws-rs are not renegotiated (RFC 8446 knows no renegotiation)'
    );

    error.code = 'ERR_TLS_RENEGOTIATION_DISABLED';
    if (typeof callback === 'function') timers.nextTick(callback, error);
    return false;
  },

  exportKeyingMaterial() {
    const error = new Error(
      'exportKeyingMaterial() is not there for TLS sessions of ws-rs; give an ' +
        'https.Server as "server" to have it'
    );

    error.code = 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM';
    throw error;
  }
};

for (const name of Reflect.ownKeys(members)) {
  define(TlsLightSocket.prototype, name, members[name], false);
}

// `for ... in` finds it, as on all sockets.
define(TlsLightSocket.prototype, 'write', write);

const accessors = {
  authorized: (socket) =>
    socket[kTls].isAsked && factsOf(socket)?.[DISTRUST] === '',
  authorizationError: (socket) =>
    socket[kTls].isAsked ? factsOf(socket)?.[DISTRUST] || null : null,
  alpnProtocol: (socket) => factsOf(socket)?.[ALPN].toString() || false,
  servername: (socket) => factsOf(socket)?.[SERVER_NAME] || false
};

for (const [name, read] of Object.entries(accessors)) {
  Object.defineProperty(TlsLightSocket.prototype, name, {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get() {
      return this[kTls] === undefined ? undefined : read(this);
    },
    set(value) {
      define(this, name, value);
    }
  });
}

/** Behind the peer's end it is another one, which Node puts on the socket. */
function write(...args) {
  const before = ownWrite(this);

  if (this.destroyed) materialize(this);

  const after = ownWrite(this);
  // One that was there before is the program's, which may have called this one.
  const method = after === before ? undefined : after;

  return (method ?? LightSocket.prototype.write).apply(this, args);
}

function ownWrite(socket) {
  return Object.getOwnPropertyDescriptor(socket, 'write')?.value;
}

function factsOf(socket) {
  return socket[kTls]?.handle.facts();
}

/** The peer's certificates; `null` once the socket is closed, as with Node. */
function chainOf(socket) {
  if (socket[kTls].handle.isClosed) return null;

  return factsOf(socket)
    .slice(CERTIFICATES)
    .map((der) => new X509Certificate(der));
}

/**
 * The first of some certificates, with whoever issued it, and so on: as Node has it,
 * of those that came and of those that are trusted. One that has issued itself is
 * the last.
 */
function withIssuers(chain, authorities) {
  const [first, ...others] = chain;
  const result = first.toLegacyObject();
  let rest = others;
  let one = first;
  let object = result;

  while (!one.checkIssued(one)) {
    const isIssuer = (other) => one.checkIssued(other);
    const issuer = rest.find(isIssuer) ?? authorities().find(isIssuer);

    if (issuer === undefined) return result;

    // Two may have issued each other.
    rest = rest.filter((other) => other !== issuer);
    authorities = without(authorities, issuer);
    one = issuer;
    object.issuerCertificate = one.toLegacyObject();
    object = object.issuerCertificate;
  }

  object.issuerCertificate = object;
  return result;
}

function without(list, one) {
  return () => list().filter((other) => other !== one);
}

function toBytes(data, encoding) {
  return typeof data === 'string' ? Buffer.from(data, encoding) : data;
}

/** What OpenSSL calls a suite of TLS 1.2. */
function opensslName(name) {
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/AES_(\d+)_GCM_SHA(\d+)/, 'AES$1-GCM-SHA$2')
    .replace('CHACHA20_POLY1305_SHA256', 'CHACHA20-POLY1305')
    .replaceAll('_', '-');
}

module.exports = TlsLightSocket;
