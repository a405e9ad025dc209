'use strict';

const { unescape } = require('querystring');
const { URL } = require('url');

/**
 * Where a client connects to, taken from a URL.
 *
 * @typedef {Object} Target
 * @property {String|undefined} auth `user:password`, percent-decoded, if the
 *     URL has userinfo
 * @property {String} host Host and port as in the URL, for comparing hosts
 * @property {String} hostname Host to resolve, an IPv6 address has no brackets
 * @property {Boolean} ipc Whether this is a Unix socket or a named pipe
 * @property {String} path Path and query of the request
 * @property {String|Number} port TCP port; the default one is a number
 * @property {Boolean} secure Whether to use TLS
 * @property {String|undefined} socketPath Path of the Unix socket
 */

/**
 * Reads the address of a WebSocket. `http:` and `https:` become `ws:` and
 * `wss:`, in a new object: one that the program gave is never changed. It is used
 * as it is, for a subclass may have properties of its own, as with ws.
 *
 * @param {String|URL} address What to read
 * @param {String} [base] URL that a relative address is relative to
 * @return {URL} The address
 * @throws {SyntaxError} If it is not a URL
 */
function resolveUrl(address, base) {
  const url = address instanceof URL ? address : parse(address, base);

  if (url.protocol !== 'http:' && url.protocol !== 'https:') return url;

  const changed = new URL(url);

  changed.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
  return changed;
}

function parse(address, base) {
  try {
    return new URL(address, base);
  } catch {
    throw new SyntaxError(`Invalid URL: ${address}`);
  }
}

/**
 * Checks that a WebSocket can be opened on a URL (RFC 6455, section 3) and
 * takes it apart.
 *
 * @param {URL} url A URL from `resolveUrl()`
 * @return {Target} Where to connect
 * @throws {SyntaxError} If the scheme is unknown, a `ws+unix:` URL names no
 *     socket, or there is a fragment
 */
function toTarget(url) {
  const secure = url.protocol === 'wss:';
  const ipc = url.protocol === 'ws+unix:';

  if (!secure && !ipc && url.protocol !== 'ws:') {
    throw new SyntaxError(
      'The URL\'s protocol must be one of "ws:", "wss:", "http:", "https:", ' +
        'or "ws+unix:"'
    );
  }

  if (ipc && !url.pathname) {
    throw new SyntaxError("The URL's pathname is empty");
  }

  if (url.hash) {
    throw new SyntaxError('The URL contains a fragment identifier');
  }

  const resource = url.pathname + url.search;
  const [socketPath, path] = ipc ? splitOnce(resource) : [undefined, resource];

  return {
    auth: userinfo(url),
    host: url.host,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    ipc,
    path,
    port: url.port || (secure ? 443 : 80),
    secure,
    socketPath
  };
}

/** Only the first colon separates: the query may well contain others. */
function splitOnce(resource) {
  const colon = resource.indexOf(':');

  return colon === -1
    ? [resource, '']
    : [resource.slice(0, colon), resource.slice(colon + 1)];
}

// `decodeURIComponent()` would throw on a stray percent sign.
function userinfo({ password, username }) {
  if (!username && !password) return undefined;

  return `${unescape(username)}:${unescape(password)}`;
}

module.exports = { resolveUrl, toTarget };
