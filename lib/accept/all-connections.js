'use strict';

/** Where an `http.Server` has the connections that `closeAllConnections()` ends. */
const DESCRIPTION = 'http.server.connections';

/** By the list of a server's connections: what has those that wait given to Node. */
const givers = new WeakMap();

/**
 * Has connections that Node does not know of given to it when it is asked for all
 * of them, which is to destroy them.
 *
 * @param {http.Server} server A server that listens
 * @param {Function} giveAll Gives Node those that have come and asked for nothing
 */
function giveWhenAsked(server, giveAll) {
  const key = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === DESCRIPTION
  );
  const list = server[key];

  // The list outlives what the server listens on.
  if (list && !givers.has(list)) {
    const { all } = list;

    list.all = () => {
      givers.get(list)();
      return all.call(list);
    };
  }

  if (list) givers.set(list, giveAll);
}

module.exports = giveWhenAsked;
