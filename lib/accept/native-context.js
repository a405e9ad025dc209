'use strict';

const { Buffer } = require('buffer');

const { crypto, tls, v8 } = require('../builtins');
const native = require('../native');
const { ASK_CLIENTS, LEAST_13, MOST_12, REQUIRE_CLIENTS } =
  require('../native/numbers').tls;
const { forNode } = require('./tls-options');

const { X509Certificate } = crypto;

/** What a native context is made of. */
const OF_CONTEXT = [
  'ca',
  'cert',
  'key',
  'maxVersion',
  'minVersion',
  'ocspResponse',
  'passphrase'
];
/** What Node's `https.Server` offers. */
const PROTOCOLS = ['http/1.1'];
const NEWLINE = Buffer.from('\n');
const CERTIFICATE =
  /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Makes a native TLS context.
 *
 * @param {Object} options See `WebSocketServer`
 * @param {String} [name] The server name that they are for, if not for all
 * @return {Number} The native context, which the caller frees
 * @throws {Error} The options cannot be used
 */
function makeContext(options, name) {
  const where =
    name === undefined ? '"tls"' : `"tls.contexts", ${JSON.stringify(name)}`;

  try {
    // Node says best what is wrong with them.
    tls.createSecureContext({ ...forNode(options), SNICallback: undefined });
  } catch (err) {
    err.message = `${where}: ${err.message}; ${helpFor(err)}`;
    throw err;
  }

  const { requestCert, rejectUnauthorized } = options;
  const [certs, keys] = [options.cert, options.key].map(
    (given) => [].concat(given ?? []).length
  );

  if (certs === 0 && keys > 0) {
    throw new Error(`${where}: "cert" is missing, the certificate of "key"`);
  }
  if (keys < certs) {
    throw new Error(
      `${where}: each certificate of "cert" needs its key, in "key"`
    );
  }

  const ca = authoritiesOrNone(options);
  const context = native.tlsContext(
    pack(identities(options).flat()),
    Buffer.concat([].concat(ca).flatMap((one) => [toBytes(one), NEWLINE])),
    (requestCert ? clientsOf(rejectUnauthorized) : 0) |
      (options.minVersion === 'TLSv1.3' ? LEAST_13 : 0) |
      (options.maxVersion === 'TLSv1.2' ? MOST_12 : 0),
    protocolsOf(options.ALPNProtocols ?? PROTOCOLS),
    Buffer.from(options.ocspResponse ?? [])
  );

  if (typeof context === 'string') throw new Error(`${where}: ${context}`);
  return context;
}

function helpFor({ code }) {
  return code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
    ? '"key" is not the one that "cert" was made for'
    : '"key", "cert" and "ca" are the contents of files in PEM, not their ' +
        'names, and an encrypted key wants its "passphrase"';
}

/** Only who says `false` lets others in, as with Node. */
function clientsOf(rejectUnauthorized) {
  return rejectUnauthorized === false ? ASK_CLIENTS : REQUIRE_CLIENTS;
}

/** @return {String} The same for options of which the same context is made */
function fingerprint(options) {
  const parts = OF_CONTEXT.map((name) => options[name]);

  return crypto
    .createHash('sha256')
    .update(v8.serialize(parts))
    .digest('base64');
}

/** What is trusted, in PEM: Node's list if nothing is said. */
function authoritiesOrNone({ ca, requestCert }) {
  return ca ?? (requestCert ? tls.rootCertificates : []);
}

/** @return {X509Certificate[]} What is in a text of PEM, or several */
function certificatesIn(texts) {
  return []
    .concat(texts ?? [])
    .flatMap((pem) => toBytes(pem).toString('latin1').match(CERTIFICATE) ?? [])
    .flatMap(toCertificate);
}

/** One that cannot be read is trusted by nobody. */
function toCertificate(pem) {
  try {
    return [new X509Certificate(pem)];
  } catch {
    return [];
  }
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

    return [toBytes(chain), made.export({ format: 'der', type: 'pkcs8' })];
  });
}

/** PEM, in any form that Node takes. */
function toBytes(pem) {
  return ArrayBuffer.isView(pem)
    ? Buffer.from(pem.buffer, pem.byteOffset, pem.byteLength)
    : Buffer.from(pem);
}

/** Names as ALPN has them: each behind its length. */
function protocolsOf(protocols) {
  const converted = {};

  tls.convertALPNProtocols(protocols, converted);
  return converted.ALPNProtocols;
}

/** Puts the length before each of a list of buffers. */
function pack(list) {
  return Buffer.concat(
    list.flatMap((bytes) => {
      const length = Buffer.alloc(4);

      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    })
  );
}

module.exports = {
  authoritiesOrNone,
  certificatesIn,
  fingerprint,
  makeContext
};
