'use strict';

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
   * @param {String} [options.auth] `user:password`
   * @param {Object<String, *>} [options.headers] Request headers
   */
  constructor(origin, { auth, headers } = {}) {
    this.origin = origin;
    this.auth = auth;
    this.headers = { ...headers };
  }

  /**
   * Gives what to send to a target. Credentials in its URL win over the `auth`
   * option; the first ones that were used stay for all later requests, and an
   * `authorization` header wins over all of them.
   *
   * @param {import('./client-url').Target} target Where the request goes
   * @param {Boolean} [keepSecrets=false] Whether to send everything, wherever
   *     the request goes
   * @return {{ auth: String|undefined, headers: Object<String, *> }} Options
   *     for `http.request()`; the headers are a fresh object
   */
  optionsFor(target, keepSecrets = false) {
    const moved = !isSameHost(this.origin, target);
    const downgraded = this.origin.secure && !target.secure;

    if ((moved || downgraded) && !keepSecrets) {
      // The Host header belongs to a host, it is no secret.
      const dropped = moved ? [...SECRET_HEADERS, 'host'] : SECRET_HEADERS;

      return { auth: undefined, headers: omit(this.headers, dropped) };
    }

    const auth = target.auth ?? this.auth;

    if (auth && !hasHeader(this.headers, 'authorization')) {
      const credentials = Buffer.from(auth).toString('base64');

      this.headers.Authorization = `Basic ${credentials}`;
    }

    return { auth, headers: { ...this.headers } };
  }
}

/** The port counts, and a Unix socket is a host of its own. */
function isSameHost(a, b) {
  if (a.ipc || b.ipc) return a.ipc && b.ipc && a.socketPath === b.socketPath;

  return a.host === b.host;
}

function hasHeader(headers, name) {
  return Object.keys(headers).some((key) => key.toLowerCase() === name);
}

function omit(headers, names) {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([key]) => !names.includes(key.toLowerCase())
    )
  );
}

module.exports = RequestIdentity;
