'use strict';

/** Real brokers, for tests: on loopback, without a file that outlives them. */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const { PATIENCE } = require('./patience');
const { ROOT } = require('./programs');
const { NatsAdapter, RedisAdapter } = require('../../index');

/** Where `npm run test:scaling` puts the clients. */
const FOLDER = path.join(ROOT, '.cache/scaling');
const requireClient = createRequire(path.join(FOLDER, 'index.js'));

const SERVERS = {
  'nats-server': {
    args: (port) => ['-a', '127.0.0.1', '-p', `${port}`],
    ready: 'Server is ready'
  },
  'redis-server': {
    args: (port, folder) => [
      ...['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder],
      ...['--save', '', '--appendonly', 'no']
    ],
    ready: 'Ready to accept connections'
  }
};

/** They must not outlive a test that is stopped. */
const running = new Set();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
// Which is no 'exit' otherwise.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => process.exit(1));
}

/** A server program that can be killed and started again. */
class Broker {
  /**
   * @param {String} name 'redis-server' or 'nats-server'
   * @param {Function} [flags] Gives a promise of further ones
   */
  constructor(name, flags = async () => []) {
    this._chooseFlags = flags;
    this._flags = [];
    this._name = name;
    this._child = null;
    this._folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-broker-'));
    this.port = 0;
  }

  get pid() {
    return this._child.pid;
  }

  /** Starts it, the second time where it was before. */
  async start() {
    const isNew = this.port === 0;
    const deadline = Date.now() + PATIENCE;

    for (;;) {
      if (isNew) {
        this.port = await freePort();
        this._flags = await this._chooseFlags();
      }
      try {
        return await this._startHere();
      } catch (err) {
        // A port that was free a moment ago may be another program's by now.
        if (!/address already in use/i.test(err.message)) throw err;
        if (Date.now() > deadline) throw err;
        await sleep(50);
      }
    }
  }

  async _startHere() {
    const { args, ready } = SERVERS[this._name];

    this._child = spawn(
      find(this._name),
      [...args(this.port, this._folder), ...this._flags],
      { stdio: ['ignore', 'pipe', 'pipe'] }
    );

    const child = this._child;
    let output = '';

    running.add(child);
    child.on('exit', () => running.delete(child));

    await new Promise((resolve, reject) => {
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => {
          output += text;
          if (output.includes(ready)) resolve();
        });
      }
      child.on('error', reject);
      child.on('exit', () => reject(new Error(`${this._name}: ${output}`)));
    });
    return this;
  }

  /** Kills it, which it cannot prepare for. */
  async kill() {
    const child = this._child;

    if (child.exitCode !== null || child.signalCode !== null) return;

    const exited = once(child, 'exit');

    child.kill('SIGKILL');
    await exited;
  }

  /** Has it do nothing for a while, with its connections open. */
  freeze() {
    this._child.kill('SIGSTOP');
  }

  thaw() {
    this._child.kill('SIGCONT');
  }

  async end() {
    if (this._child !== null) await this.kill();
    fs.rmSync(this._folder, { force: true, recursive: true });
  }
}

/**
 * What there is to exchange messages with. Each has a `title`; `skip`, why its
 * tests cannot run here, or `false`; the `server`; and `connect(port)`, which
 * gives an object with a fresh `adapter(options)`, `isIdle()` (whether the client
 * keeps nothing for later), `isLost()` (whether all connections are) and `end()` for what the program has opened itself.
 */
const KINDS = [
  ...['redis', 'ioredis'].flatMap((name) =>
    [false, true].map((sharded) => ({
      title: `Redis by ${name}${sharded ? ', sharded' : ''}`,
      client: name,
      server: 'redis-server',
      sharded,
      connect: async (port, keyPrefix) =>
        redis(redisClient(name, port, keyPrefix), sharded, name)
    }))
  ),
  {
    title: 'NATS',
    client: '@nats-io/transport-node',
    server: 'nats-server',
    connect: nats
  }
].map((kind) => ({ ...kind, skip: whyNot(kind) }));

function redis(client, sharded, name) {
  const made = [];
  const { duplicate } = client;

  client.duplicate = (...args) => {
    const one = duplicate.apply(client, args);

    made.push(one);
    return one;
  };

  return {
    adapter: (options) => new RedisAdapter(client, { sharded, ...options }),
    client,
    // That of redis has a queue that nobody sees. What waits there is pending.
    isIdle: () => name === 'redis' || made.every(isIdle),
    isLost: () => made.every((one) => !(one.isReady ?? one.status === 'ready')),
    async end() {}
  };
}

/** Whether one of ioredis has nothing to send but a handshake. */
function isIdle({ commandQueue, offlineQueue }) {
  return [...commandQueue.toArray(), ...offlineQueue.toArray()].every(
    ({ command }) => !/publish|subscribe/.test(command.name)
  );
}

/** A client that is not connected. */
function redisClient(name, port, keyPrefix) {
  if (name === 'redis') {
    const { createClient } = requireClient('redis');
    const client = createClient({
      socket: { host: '127.0.0.1', port, reconnectStrategy: 20 }
    });

    client.on('error', () => {});
    return client;
  }

  const Redis = requireClient('ioredis');
  const client = new Redis({
    host: '127.0.0.1',
    keyPrefix,
    lazyConnect: true,
    port,
    retryStrategy: () => 20
  });

  client.on('error', () => {});
  return client;
}

async function nats(port) {
  const { connect } = requireClient('@nats-io/transport-node');
  const connection = await connect({
    maxReconnectAttempts: -1,
    reconnectTimeWait: 20,
    servers: `127.0.0.1:${port}`
  });

  return {
    adapter: (options) => new NatsAdapter(connection, options),
    client: connection,
    isIdle: () => connection.protocol.outbound.size() === 0,
    isLost: () => true,
    end: () => connection.close()
  };
}

/** Why the tests of a kind cannot run here, or `false`. */
function whyNot({ client, server }) {
  const isThere = fs.existsSync(path.join(FOLDER, 'node_modules', client));
  const reason = !isThere
    ? `${client} is not installed, \`npm run test:scaling\` does that`
    : find(server) === undefined &&
      `${server} is not installed (Debian: apt-get install ${server})`;

  if (reason && process.env.WS_RS_TEST_TOOLS === 'required') {
    throw new Error(reason);
  }
  return reason;
}

/** The path of a program; Debian has some where only root looks. */
function find(name) {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  const file = process.platform === 'win32' ? `${name}.exe` : name;

  return [...folders, '/usr/sbin', '/usr/local/bin']
    .map((folder) => path.join(folder, file))
    .find((file) => fs.existsSync(file));
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');

  await once(server, 'listening');

  const { port } = server.address();

  server.close();
  await once(server, 'close');
  return port;
}

module.exports = { Broker, find, FOLDER, freePort, KINDS, requireClient };
