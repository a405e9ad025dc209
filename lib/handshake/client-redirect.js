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
   * @param {String} [options.auth] `user:password`, if the URL has no userinfo
   * @param {Object<String, *>} [options.headers] Request headers
   */
  constructor(origin, { auth, headers } = {}) {
    this.origin = origin;
    this.auth = origin.auth || auth;
    this.headers = { ...headers };
  }

  /**
   * Gives what to send to a target. The first credentials stay for all later
   * requests, whatever the URLs of those say. Node.js makes a header of them
   * unless there is an `authorization` header.
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

    this.auth ||= target.auth;

    return { auth: this.auth, headers: { ...this.headers } };
  }
}

/** The port counts, and a Unix socket is a host of its own. */
function isSameHost(a, b) {
  if (a.ipc || b.ipc) return a.ipc && b.ipc && a.socketPath === b.socketPath;

  return a.host === b.host;
}

function omit(headers, names) {
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([key]) => !names.includes(key.toLowerCase())
    )
  );
}

module.exports = RequestIdentity;
