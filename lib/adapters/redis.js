'use strict';

const EventEmitter = require('events');

const given = require('../given');
const { checkPrefix } = require('./broker-adapter');
const { channelOf } = require('./names');
const checkNames = require('../option-names');
const RedisCluster = require('./redis-cluster');
const { connectionFor } = require('./redis-connection');
const mapFor = require('./redis-map');
const RedisServer = require('./redis-server');

/** Exchanges messages over Redis' pub/sub, of one server or of a cluster. */
class RedisAdapter extends EventEmitter {
  /**
   * @param {Object} client Of `redis` or `ioredis`; need not be connected
   * @param {Object} [options]
   * @param {String} [options.prefix='ws-rs:'] What all channels begin with
   * @param {Boolean} [options.sharded=false] Whether to use sharded pub/sub
   * @throws {TypeError} That is no such client, or no such option
   */
  constructor(client, options = {}) {
    super();
    checkNames(options, ['prefix', 'sharded'], 'A RedisAdapter has no option');

    const prefix = given(options, 'prefix', 'ws-rs:');
    const sharded = given(options, 'sharded', false);

    if (typeof sharded !== 'boolean') {
      throw new TypeError(
        'The option "sharded" of a RedisAdapter is true or false'
      );
    }

    this._prefix = checkPrefix(prefix);
    this._redis = open(client, sharded);
    this._redis.on('error', (err) => this.emit('error', err));
    this._redis.on('reconnect', () => this.emit('reconnect'));
  }

  publish(name, bytes) {
    return this._redis
      .publish(this._channelOf(name), bytes)
      ?.catch(throwExplained);
  }

  subscribe(name, listener) {
    return this._redis
      .subscribe(this._channelOf(name), listener)
      .catch(throwExplained);
  }

  unsubscribe(name) {
    return this._redis.unsubscribe(this._channelOf(name));
  }

  close() {
    return this._redis.close();
  }

  _channelOf(name) {
    return this._prefix + channelOf(name);
  }
}

function open(client, sharded) {
  const map = mapFor(client);

  if (map !== undefined) {
    if (sharded) return new RedisCluster(map, client);

    throw new TypeError(
      'A RedisAdapter takes a client of a cluster with the option "sharded" ' +
        'only; without it, a client of any one of its servers will do'
    );
  }

  const Connection = isOfSentinels(client) ? undefined : connectionFor(client);

  if (Connection !== undefined) {
    return new RedisServer(Connection, client, sharded);
  }

  throw new TypeError(
    typeof client?.then === 'function'
      ? 'A RedisAdapter takes a client, not its promise: await connect()'
      : 'A RedisAdapter takes a client of one server, of the package redis ' +
          '(createClient()) or ioredis (new Redis()), or with the option ' +
          '"sharded" one of a cluster (createCluster(), new Redis.Cluster())'
  );
}

/**
 * A client of `redis` over sentinels, or a cluster of no kind that is known
 * here.
 */
function isOfSentinels(client) {
  return (
    client?.isCluster === true ||
    typeof client?.getSlotRandomNode === 'function' ||
    typeof client?.getSentinelNode === 'function'
  );
}

function throwExplained(err) {
  if (!RedisServer.isMoved(err)) throw err;

  throw new Error(
    'In a cluster of Redis a sharded channel is for one server, and this ' +
      `one's is another: give the adapter a client of the cluster, or leave ` +
      `the option "sharded" out (${err.message})`,
    { cause: err }
  );
}

module.exports = RedisAdapter;
