'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { KINDS } = require('../support/brokers');
const { until } = require('../support/loop');
const { openCluster } = require('../support/redis-cluster');
const { hear, openSide } = require('../support/two-sides');

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
        const { servers } = await openCluster(t, 2);
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
        const {
          servers: [server]
        } = await openCluster(t, 2);
        const { errors, end, topics } = await openSide(server, kind);

        t.after(end);
        for (const name of NAMES) hear(topics, name);
        for (const name of NAMES) topics.publish(name, 'a');
        await until(() => errors.length > 1);
        for (const { message } of errors) {
          assert.match(
            message,
            /a client of the cluster, or leave the option "sharded" out \(MOVED /
          );
        }
      });
    }
  }
);
