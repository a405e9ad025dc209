'use strict';

/** Where an `http.Server` has the connections that it can close. */
const DESCRIPTION = 'http.server.connections';

/** By the list of a server's connections: what has those that wait given to Node. */
const givers = new WeakMap();

/**
 * Has Node given the connections that it does not know of, when it is asked to
 * destroy all, or the idle ones. Since Node 26 those on which nothing has come
 * are idle, and `close()` asks for them.
 *
 * @param {http.Server} server A server that listens
 * @param {Function} giveAll Gives Node the connections on which nothing has
 *     come
 */
function giveWhenAsked(server, giveAll) {
  const key = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === DESCRIPTION
  );
  const list = server[key];

  if (!list) return;

  // The list outlives what the server listens on.
  if (!givers.has(list)) {
    for (const name of ['all', 'idle']) {
      const method = list[name];

      list[name] = () => {
        givers.get(list)();
        return method.call(list);
      };
    }
  }

  givers.set(list, giveAll);
}

module.exports = giveWhenAsked;
