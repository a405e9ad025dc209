'use strict';

/** Where an `http.Server` has the connections that it can close. */
const DESCRIPTION = 'http.server.connections';

/** By the list of a server's connections: what has those that wait given to Node. */
const givers = new WeakMap();

/**
 * Has connections that Node does not know of given to it when it is asked for all
 * of them, or for those that are idle, which is to destroy them. Since Node 26
 * the latter are some on which nothing has come, and `close()` asks for them.
 *
 * @param {http.Server} server A server that listens
 * @param {Function} giveAll Gives Node those that have come and asked for nothing
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
