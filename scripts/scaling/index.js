'use strict';

/**
 * Two processes that are one over a real broker, under load.
 *
 *   npm run scaling -- [--broker redis|redis-sharded|ioredis|ioredis-sharded|nats]
 *     [--clients 1000] [--topics 1000] [--rate 10000] [--bytes 125]
 *     [--seconds 10] [--kill] [--one-topic]
 *
 * Each process has --clients connections, each of which subscribes to one of
 * --topics. Both publish, --rate messages in a second together, to all topics in
 * turn. Each connection checks that nothing is lost, comes twice or out of order.
 *
 *   --kill       kills the broker in the middle, and starts it again
 *   --one-topic  all connections subscribe to one topic, and one process publishes
 *                as fast as both deliver
 *
 * The exit code is 0 only if all is well. The clients are those that `npm run
 * test:scaling` installs.
 */

const { fork } = require('node:child_process');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const { Broker, KINDS } = require('../../__test__/support/brokers');
const { judge } = require('./judge');

const NAMES = {
  ioredis: 'Redis by ioredis',
  'ioredis-sharded': 'Redis by ioredis, sharded',
  nats: 'NATS',
  redis: 'Redis by redis',
  'redis-sharded': 'Redis by redis, sharded'
};
/** How long the broker is away, in ms. */
const AWAY = 2000;

const { values } = parseArgs({
  options: {
    broker: { default: 'redis', type: 'string' },
    bytes: { default: '125', type: 'string' },
    clients: { default: '1000', type: 'string' },
    kill: { default: false, type: 'boolean' },
    'one-topic': { default: false, type: 'boolean' },
    rate: { default: '10000', type: 'string' },
    seconds: { default: '10', type: 'string' },
    topics: { default: '1000', type: 'string' }
  }
});

main().catch((err) => {
  console.error(`scaling: ${err.message}`);
  process.exit(1);
});

async function main() {
  const kind = kindOf(values.broker);
  const options = readOptions();
  const broker = await new Broker(kind.server).start();
  const programs = [];

  try {
    for (const index of [0, 1]) {
      programs.push(
        start('server.js', {
          ...options,
          index,
          kind: kind.title,
          port: broker.port
        })
      );
    }

    const servers = [...programs];
    const ports = await Promise.all(servers.map((one) => one.get('port')));
    const clients = start('clients.js', { ...options, ports });

    programs.push(clients);
    await clients.get('open');
    await Promise.all(servers.map((one) => one.ask('ready')));
    console.log(
      `${kind.title}: 2 processes with ${options.clients} connections each, ` +
        `${options.bytes} B`
    );

    const times = options.oneTopic
      ? await runOneTopic(servers, options)
      : await run(servers, broker, options);

    await judge({ clients, options, servers, times });
  } finally {
    for (const one of programs) one.end();
    await broker.end();
  }
}

/** Has both publish, and says when the broker was killed and all were back. */
async function run(servers, broker, { kill, seconds }) {
  const times = { back: Infinity, killed: Infinity };
  const done = Promise.all(servers.map((one) => one.ask('publish')));

  if (kill) {
    const back = servers.map((one) => one.get('reconnect'));

    await sleep((seconds * 1000) / 2);
    times.killed = Date.now();
    await broker.kill();
    await sleep(AWAY);
    await broker.start();
    await Promise.all(back);
    times.back = Date.now();
  }

  await done;
  return times;
}

async function runOneTopic([first]) {
  await first.ask('publish');
  return { back: Infinity, killed: Infinity };
}

function readOptions() {
  const options = { kill: values.kill, oneTopic: values['one-topic'] };

  for (const name of ['bytes', 'clients', 'rate', 'seconds', 'topics']) {
    options[name] = Number(values[name]);
    if (!(options[name] >= 1)) {
      throw new Error(`--${name} is a number from 1 on`);
    }
  }
  if (options.oneTopic) options.topics = 1;
  if (options.oneTopic && options.kill) {
    throw new Error('--kill and --one-topic do not go together');
  }
  if (options.topics > options.clients) {
    throw new Error('there are more --topics than --clients');
  }
  return options;
}

function kindOf(name) {
  const kind = KINDS.find(({ title }) => title === NAMES[name]);

  if (kind === undefined) {
    throw new Error(`--broker is one of ${Object.keys(NAMES).join(', ')}`);
  }
  if (kind.skip) throw new Error(kind.skip);
  return kind;
}

/** Starts a program of this folder; messages to and fro are `[what, value]`. */
function start(file, argument) {
  const child = fork(path.join(__dirname, file), [JSON.stringify(argument)]);
  const waiting = new Map();

  child.on('message', ([what, value]) => waiting.get(what)?.resolve(value));
  child.on('exit', (code) => {
    const error = new Error(`${file} ended with ${code}`);

    for (const { reject } of waiting.values()) reject(error);
  });

  function get(what) {
    return new Promise((resolve, reject) => {
      waiting.set(what, { reject, resolve });
    });
  }

  return {
    ask(what) {
      child.send(what);
      return get(what);
    },
    end: () => child.kill('SIGKILL'),
    get
  };
}
