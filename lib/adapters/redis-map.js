'use strict';

const { orLate, PATIENCE } = require('./in-time');
const { IoRedis, isClient, NodeRedis } = require('./redis-connection');

/**
 * @typedef {Object} ClusterMap
 * @property {String[]} owners The address of the master of each slot that has one
 * @property {Map<String, Object>} clients One of each master, by address: what to
 *     make others like it of
 */

/** How to learn from a cluster's client of the package `redis` who has which slots. */
class NodeRedisMap {
  static Connection = NodeRedis;

  static isOne(client) {
    return (
      isClient(client, ['connect', 'nodeClient', 'sSubscribe']) &&
      typeof client.getSlotRandomNode === 'function'
    );
  }

  /**
   * @param {Object} client The program's
   * @return {Promise<ClusterMap>} As it is now
   */
  static async look(client) {
    const seen = client.duplicate({
      clientSideCache: undefined,
      minimizeConnections: true,
      useReplicas: false,
      ...impatientRoots(client)
    });
    let reason;

    seen.on('error', (err) => {
      reason = err;
    });

    try {
      await orLate(seen.connect());

      return {
        clients: new Map(seen.masters.map((node) => [node.address, of(node)])),
        owners: seen.slots.map((shard) => shard?.master.address)
      };
    } catch (err) {
      throw reason ?? err;
    } finally {
      attempt(() => seen.destroy());
    }

    /**
     * The cluster would connect such a client, and says in no other way how it
     * is configured.
     */
    function of(node) {
      attempt(() => seen.nodeClient(node).catch(() => {}));
      return node.client;
    }
  }
}

/** As `NodeRedisMap`, of the package `ioredis`. */
class IoRedisMap {
  static Connection = IoRedis;

  static isOne(client) {
    return (
      isClient(client, ['connect', 'nodes', 'ssubscribe']) &&
      client.isCluster === true
    );
  }

  static async look(client) {
    const seen = client.duplicate([], {
      clusterRetryStrategy: () => null,
      // Some servers may be there though the cluster is not complete.
      enableReadyCheck: false,
      lazyConnect: true,
      shardedSubscribers: false,
      slotsRefreshInterval: undefined
    });

    let reason;

    seen.on('error', (err) => {
      reason = err.lastNodeError ?? err;
    });

    try {
      await orLate(seen.connect());
      if (seen.nodes('master').length === 0) throw nameless();

      const retryStrategy =
        client.options?.clusterRetryStrategy ?? ((times) => 100 + times * 2);
      const nodes = seen.nodes('master').map((node) => [
        `${node.options.host}:${node.options.port}`,
        // The cluster's clients do not reconnect by themselves: the cluster
        // does that.
        {
          duplicate: (options) => node.duplicate({ retryStrategy, ...options })
        }
      ]);

      return {
        clients: new Map(nodes),
        owners: seen.slots.map((addresses) => addresses?.[0])
      };
    } catch (err) {
      throw reason ?? err;
    } finally {
      seen.disconnect();
    }
  }
}

/**
 * A cluster that is destroyed while one of its roots has not answered leaves the
 * connection to that open (`redis` 5.12, 6.3), for as long as the root is silent.
 *
 * @param {Object} client A cluster's of `redis`
 * @return {Object} Options that have these end by themselves. They are for the roots
 *     alone: what is made like the servers' clients may be silent itself.
 */
function impatientRoots({ _options: options }) {
  if (!Array.isArray(options?.rootNodes)) return {};

  return {
    rootNodes: options.rootNodes.map((root) => ({
      ...root,
      socket: {
        ...options.defaults?.socket,
        ...root.socket,
        socketTimeout: PATIENCE
      }
    }))
  };
}

/** A server that no other has met does not know its address, and ioredis asks no further. */
function nameless() {
  return new Error(
    'The servers of the cluster do not say where they are, which ioredis needs: ' +
      'give them the setting "cluster-announce-ip"'
  );
}

/** @return {Object|undefined} How to look at what a client is of */
function mapFor(client) {
  return [NodeRedisMap, IoRedisMap].find((one) => one.isOne(client));
}

function attempt(call) {
  try {
    call();
  } catch {
    // It was not open.
  }
}

module.exports = mapFor;
