'use strict';

const { tls } = require('../builtins');
const given = require('../given');
const checkNames = require('../option-names');

/** Options of `tls.createServer()` that mean something else to rustls, or nothing. */
const UNKNOWN = [
  'ALPNCallback',
  'allowPartialTrustChain',
  'certificateCompression',
  'ciphers',
  'clientCertEngine',
  'crl',
  'dhparam',
  'ecdhCurve',
  'enableTrace',
  'honorCipherOrder',
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
/** Options that are the same for all clients of a server. */
const OF_SERVER = [
  'ALPNProtocols',
  'SNICallback',
  'handshakeTimeout',
  'maxVersion',
  'minVersion',
  'onRequest',
  'rejectUnauthorized',
  'requestCert'
];
/** What may be replaced while a server runs. */
const REPLACEABLE = [
  'ca',
  'cert',
  'contexts',
  'key',
  'ocspResponse',
  'passphrase'
];
/** What Node's own servers know besides, and do. */
const OF_NODE = [
  'IncomingMessage',
  'ServerResponse',
  'allowHalfOpen',
  'blockList',
  'connectionsCheckingInterval',
  'headersTimeout',
  'highWaterMark',
  'httpValidation',
  'insecureHTTPParser',
  'joinDuplicateHeaders',
  'keepAlive',
  'keepAliveInitialDelay',
  'keepAliveTimeout',
  'keepAliveTimeoutBuffer',
  'maxHeaderSize',
  'noDelay',
  'optimizeEmptyRequests',
  'rejectNonStandardBodyWrites',
  'requestTimeout',
  'requireHostHeader',
  'shouldUpgradeCallback',
  'uniqueHeaders'
];
const VERSIONS = ['TLSv1.2', 'TLSv1.3'];
/** Who gives options for some clients only, by the names that errors have for them. */
const CALLBACK = '"tls.SNICallback"';
const CONTEXTS = '"tls.contexts"';

/**
 * @param {Object} all A server's options
 * @param {Object} some Other ones, for some clients or for those to come
 * @param {String} giver Who gives them
 * @return {Object} What is to be taken
 */
function merge(all, some, giver) {
  if (some === null || typeof some !== 'object') {
    throw new TypeError(`${giver} must be given options: { key, cert }`);
  }
  if (some.context !== undefined && some.key === undefined) {
    throw new TypeError(
      `${giver} gave a tls.SecureContext, out of which no key can be had; ` +
        'give the options for it: { key, cert }'
    );
  }

  for (const name of OF_SERVER) {
    if (some[name] !== undefined && some[name] !== all[name]) {
      throw new TypeError(
        `${giver} gave "${name}", which is the same for all clients of a server; ` +
          'give it as an option of "tls"'
      );
    }
  }

  const { ocspResponse, ...others } = all;
  const { context, ...own } = some;

  void context;
  // The OCSP response is about the certificate that is replaced.
  return some.cert === undefined ? { ...all, ...own } : { ...others, ...own };
}

/** @return {Object|undefined} What a map of contexts has for a name */
function lookUp(contexts, name) {
  if (!contexts) return undefined;

  const wildcard = `*${name.slice(name.indexOf('.'))}`;
  const key = [name, wildcard].find((one) => Object.hasOwn(contexts, one));

  return key === undefined ? undefined : contexts[key];
}

/** What Node's own server is to get of the options. */
function forNode(options) {
  const { SNICallback, contexts, ocspResponse, onRequest, ...others } = options;
  const toContext = (chosen, giver) =>
    tls.createSecureContext(merge(others, chosen, giver));

  void ocspResponse;
  void onRequest;
  if (!SNICallback && !contexts) return others;

  return {
    ...others,
    SNICallback(name, callback) {
      const found = lookUp(contexts, name.toLowerCase());

      if (found) callback(null, toContext(found, CONTEXTS));
      else if (!SNICallback) callback(null);
      else {
        SNICallback(name, (err, chosen) => {
          if (err || !chosen) callback(err);
          else callback(null, toContext(chosen, CALLBACK));
        });
      }
    }
  };
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

  checkNames(
    options,
    [...OF_SERVER, ...REPLACEABLE, ...OF_NODE],
    'The "tls" option has no'
  );

  for (const name of ['minVersion', 'maxVersion']) {
    if (options[name] != null && !VERSIONS.includes(options[name])) {
      throw new TypeError(
        `"tls.${name}" is "${options[name]}"; ws-rs speaks TLSv1.2 and TLSv1.3`
      );
    }
  }

  for (const name of ['requestCert', 'rejectUnauthorized']) {
    if (options[name] != null && typeof options[name] !== 'boolean') {
      throw new TypeError(`"tls.${name}" must be true or false`);
    }
  }

  if (options.minVersion === 'TLSv1.3' && options.maxVersion === 'TLSv1.2') {
    throw new TypeError('"tls.minVersion" is above "tls.maxVersion"');
  }

  const { ALPNProtocols, contexts, handshakeTimeout, ocspResponse } = options;

  if (typeof ALPNProtocols === 'string') {
    throw new TypeError(
      '"tls.ALPNProtocols" must be an array of names, best first, or a Buffer'
    );
  }
  for (const name of ['SNICallback', 'onRequest']) {
    if (options[name] != null && typeof options[name] !== 'function') {
      throw new TypeError(`"tls.${name}" must be a function`);
    }
  }
  if (
    contexts != null &&
    (typeof contexts !== 'object' || Array.isArray(contexts))
  ) {
    throw new TypeError(
      '"tls.contexts" must be an object: names of servers to { key, cert }'
    );
  }
  for (const [name, some] of Object.entries(contexts ?? {})) {
    const { contexts: none, ...all } = options;

    if (name !== name.toLowerCase()) {
      throw new TypeError(
        `"tls.contexts" has "${name}": names of servers are written in small ` +
          'letters there, however clients write them'
      );
    }

    check(merge(all, some, CONTEXTS));
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

/**
 * Looks at what stands beside the `tls` option.
 *
 * @param {Object} options Those of a `WebSocketServer`; without `tls` all others
 *     are none of ours
 * @throws {TypeError} There is no `port`, or something that belongs into it
 */
function checkBeside(options) {
  if (!given(options, 'tls')) return;

  if (options.port == null) {
    throw new TypeError(
      'The "tls" option goes with "port"; an HTTP server of your own has its ' +
        'TLS itself'
    );
  }

  const names = [...UNKNOWN, ...OF_SERVER, ...REPLACEABLE];
  const name = names.find((one) => given(options, one) !== undefined);

  if (name !== undefined) {
    throw new TypeError(
      `The option "${name}" belongs into the "tls" option: ` +
        `{ port, tls: { ${name}, … } }`
    );
  }
}

/**
 * @param {Object} options What `setSecureContext()` was given
 * @throws {TypeError} If that is not what it is for
 */
function checkReplacement(options) {
  const names = Object.keys(options ?? {});
  const wrong = names.find((name) => !REPLACEABLE.includes(name));

  if (names.length === 0 || wrong !== undefined) {
    throw new TypeError(
      `setSecureContext() replaces ${REPLACEABLE.join(', ')}, and was given ` +
        `${wrong === undefined ? 'none of them' : `"${wrong}"`}`
    );
  }
}

module.exports = {
  CALLBACK,
  CONTEXTS,
  check,
  checkBeside,
  checkReplacement,
  forNode,
  lookUp,
  merge
};
