'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const {
  Broker,
  freePort,
  KINDS,
  requireClient
} = require('../support/brokers');
const { until } = require('../support/loop');
const { hear, openSide } = require('../support/two-sides');

const SLOTS = [
  ['0', '8191'],
  ['8192', '16383']
];
const NAMES = Array.from({ length: 20 }, (_, i) => `room ${i}`);

describe(
  'A cluster of Redis',
  {
    skip:
      KINDS.find(({ server, skip }) => server === 'redis-server' && skip)
        ?.skip ?? false
  },
  () => {
    for (const kind of KINDS.filter(({ sharded }) => sharded === false)) {
      it(`passes plain messages on to all its servers, by ${kind.client}`, async (t) => {
        const servers = await openCluster(t);
        const sides = [];

        for (const server of servers) sides.push(await openSide(server, kind));
        t.after(() => Promise.all(sides.map((side) => side.end())));

        const ears = sides.map(({ topics }) =>
          NAMES.map((name) => hear(topics, name))
        );

        for (const { topics } of sides) await topics.ready();
        for (const [i, { topics }] of sides.entries()) {
          for (const name of NAMES) topics.publish(name, `from ${i}`);
        }
        for (const ear of ears.flat()) {
          await ear.until('from 0');
          await ear.until('from 1');
          assert.strictEqual(ear.heard.length, 2);
        }
      });
    }

    for (const kind of KINDS.filter(({ sharded }) => sharded)) {
      it(`says what to do about sharded ones, by ${kind.client}`, async (t) => {
        const [server] = await openCluster(t);
        const { errors, end, topics } = await openSide(server, kind);

        t.after(end);
        for (const name of NAMES) hear(topics, name);
        for (const name of NAMES) topics.publish(name, 'a');
        await until(() => errors.length > 1);
        for (const { message } of errors) {
          assert.match(message, /leave the option "sharded" out \(MOVED /);
        }
      });
    }
  }
);

/** Two servers that have half of the slots each. */
async function openCluster(t) {
  const servers = [];
  const admins = [];

  for (const slots of SLOTS) {
    const bus = `${await freePort()}`;
    const flags = ['--cluster-enabled', 'yes', '--cluster-port', bus];
    const server = await new Broker('redis-server', flags).start();
    const admin = requireClient('redis').createClient({
      socket: { host: '127.0.0.1', port: server.port }
    });

    servers.push({ bus, port: server.port });
    admins.push(admin);
    t.after(() => server.end());
    await admin.connect();
    await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', ...slots]);
  }

  const [first, second] = admins;

  const { bus, port } = servers[1];

  await first.sendCommand(['CLUSTER', 'MEET', '127.0.0.1', `${port}`, bus]);
  for (const admin of [first, second]) {
    let info = '';

    while (!/state:ok[^]*known_nodes:2/.test(info)) {
      info = await admin.sendCommand(['CLUSTER', 'INFO']);
      await sleep(10);
    }
  }
  for (const admin of admins) admin.destroy();
  return servers;
}
