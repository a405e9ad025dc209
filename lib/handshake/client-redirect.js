'use strict';

const { Buffer } = require('buffer');

const SECRET_HEADERS = ['authorization', 'cookie'];

/**
 * The headers and credentials that a program gave for its first request, and
 * the rule that says which of them may follow it through redirects.
 *
 * A server must not be able to collect secrets by redirecting to another host,
 * nor to have them sent in the clear. A program that listens for `'redirect'`
 * looks after this itself.
 */
class RequestIdentity {
  /**
   * @param {import('./client-url').Target} origin Where the first request goes
   * @param {Object} [options] Options of `http.request()`
   * @param {String} [options.auth] `user:password`, if the URL has no userinfo
   * @param {Object<String, *>} [options.headers] Request headers
   */
  constructor(origin, { auth, headers } = {}) {
    this.origin = origin;
    this.auth = auth;
    this.headers = headers;
    /** The headers of later requests; made with the first of these. */
    this.kept = null;
  }

  /**
   * @param {import('./client-url').Target} target Where the first request goes
   * @return {{ auth: String|undefined, headers: Object<String, *> }} Options
   *     for `http.request()`; the headers are a fresh object
   */
  first(target) {
    return { auth: this._authFor(target), headers: { ...this.headers } };
  }

  /**
   * Gives what to send to where a redirect leads. The first credentials are a
   * header of all later requests, whatever the URLs of those say.
   *
   * @param {import('./client-url').Target} target Where the request goes
   * @param {Boolean} [keepSecrets=false] Whether to send everything, wherever
   *     the request goes
   * @return {{ auth: String|undefined, headers: Object<String, *> }} As `first()`
   */
  next(target, keepSecrets = false) {
    this.kept ??= withAuthorization(
      lowerCased(this.headers),
      this._authFor(this.origin)
    );

    const moved = !isSameHost(this.origin, target);
    const downgraded = this.origin.secure && !target.secure;

    if ((moved || downgraded) && !keepSecrets) {
      // The Host header belongs to a host, it is no secret.
      const dropped = moved ? [...SECRET_HEADERS, 'host'] : SECRET_HEADERS;

      return { auth: undefined, headers: omit(this.kept, dropped) };
    }

    const auth = this._authFor(target);
    const headers = { ...this.kept };

    // For later requests: of this one Node makes the header from `auth`.
    withAuthorization(this.kept, auth);
    return { auth, headers };
  }

  _authFor(target) {
    return target.auth ?? this.auth;
  }
}

/** As ws sends them again: a name that is spelt in two ways counts once. */
function lowerCased(headers) {
  return Object.fromEntries(
    Object.entries(headers || {}).map(([name, value]) => [
      name.toLowerCase(),
      value
    ])
  );
}

function withAuthorization(headers, auth) {
  if (auth && !headers.authorization) {
    headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  }

  return headers;
}

/** The port counts, and a Unix socket is a host of its own. */
function isSameHost(a, b) {
  if (a.ipc || b.ipc) return a.ipc && b.ipc && a.socketPath === b.socketPath;

  return a.host === b.host;
}

function omit(headers, names) {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !names.includes(name))
  );
}

module.exports = RequestIdentity;
