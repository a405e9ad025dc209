'use strict';

/** Real clusters of Redis, for tests: some servers on loopback, without replicas. */

const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');

const { Broker, freePort, requireClient } = require('./brokers');
const { PATIENCE } = require('./patience');
const { RedisAdapter, Topics } = require('../../index');

const SLOTS = 16384;
/**
 * After so many ms a server is taken for dead by the others: none that a busy
 * machine lets wait, unless a test wants it sooner.
 */
const NODE_TIMEOUT = '15000';

/**
 * Starts a cluster, whose servers have equal shares of the slots in their order.
 *
 * @param {TestContext} t The test, which ends it
 * @param {Number} count How many servers
 * @return {Promise<Object>} The `servers`, each a `Broker`; `ask(i, ...command)`;
 *     and `move(from, to, first, end)`, which moves slots
 */
async function openCluster(t, count) {
  const servers = [];
  const admins = [];
  const ask = (i, ...command) => admins[i].sendCommand(command);

  t.after(async () => {
    for (const admin of admins) admin.destroy();
    for (const server of servers) await server.end();
  });

  for (let i = 0; i < count; i++) {
    let bus;
    const server = await new Broker('redis-server', async () => {
      bus = `${await freePort()}`;
      return [
        ...['--cluster-enabled', 'yes', '--cluster-port', bus],
        ...['--cluster-node-timeout', NODE_TIMEOUT]
      ];
    }).start();
    const admin = requireClient('redis').createClient({
      socket: { host: '127.0.0.1', port: server.port, reconnectStrategy: 20 }
    });

    admin.on('error', () => {});
    servers.push(server);
    await admin.connect();
    admins.push(admin);
    await ask(
      i,
      'CLUSTER',
      'ADDSLOTSRANGE',
      `${Math.ceil((SLOTS * i) / count)}`,
      `${Math.ceil((SLOTS * (i + 1)) / count) - 1}`
    );
    if (i > 0) {
      await ask(0, 'CLUSTER', 'MEET', '127.0.0.1', `${server.port}`, bus);
    }
  }

  const isReady = new RegExp(`state:ok[^]*known_nodes:${count}`);

  for (let i = 0; i < count; i++) await informs(ask, i, isReady);

  return {
    ask,
    servers,
    async move(from, to, first, end) {
      const [giver, taker] = await Promise.all(
        [from, to].map((i) => ask(i, 'CLUSTER', 'MYID'))
      );

      // As redis-cli does it. Else the taker believes what the giver said before.
      for (const [who, ...how] of [
        [to, 'IMPORTING', giver],
        [from, 'MIGRATING', taker],
        [to, 'NODE', taker],
        [from, 'NODE', taker]
      ]) {
        const asked = [];

        for (let slot = first; slot < end; slot++) {
          asked.push(ask(who, 'CLUSTER', 'SETSLOT', `${slot}`, ...how));
        }
        await Promise.all(asked);
      }
    }
  };
}

/** Waits until what a server says of the cluster matches. */
async function informs(ask, i, pattern) {
  const deadline = Date.now() + PATIENCE;

  for (;;) {
    const info = await ask(i, 'CLUSTER', 'INFO');

    if (pattern.test(info)) return;
    assert.ok(Date.now() < deadline, `Server ${i} has not ${pattern}: ${info}`);
    await sleep(10);
  }
}

/** Ways to make a client of a cluster, by the package's name. */
const CLIENTS = {
  redis(servers) {
    return requireClient('redis').createCluster({
      defaults: { socket: { reconnectStrategy: 20 } },
      rootNodes: servers.map(({ port }) => ({
        url: `redis://127.0.0.1:${port}`
      }))
    });
  },
  ioredis(servers) {
    const { Cluster } = requireClient('ioredis');

    return new Cluster(
      servers.map(({ port }) => ({ host: '127.0.0.1', port })),
      {
        clusterRetryStrategy: () => 20,
        lazyConnect: true,
        shardedSubscribers: true
      }
    );
  }
};

/** Topics over a cluster; see `openSide()` of two-sides.js. */
function openClusterSide(t, name, servers) {
  const client = CLIENTS[name](servers);
  const adapter = new RedisAdapter(client, { sharded: true });
  const topics = new Topics({ adapter });
  const side = { adapter, errors: [], reconnects: 0, topics };

  client.on('error', () => {});
  topics.on('error', (err) => side.errors.push(err));
  topics.on('reconnect', () => side.reconnects++);
  t.after(() => topics.close());
  return side;
}

module.exports = { CLIENTS, informs, openCluster, openClusterSide };
