'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { KINDS } = require('../support/brokers');
const { turns, until } = require('../support/loop');
const { PATIENCE } = require('../support/patience');
const {
  CLIENTS,
  informs,
  openCluster,
  openClusterSide
} = require('../support/redis-cluster');
const { hear } = require('../support/two-sides');
const { slotOf } = require('../../lib/adapters/redis-slot');

/** Of all three servers. */
const NAMES = Array.from({ length: 30 }, (_, i) => `room ${i}`);
/** Slots that go from the first to another. */
const MOVED = 4000;
const CHANNELS = NAMES.map((name) => `ws-rs:${name}`);

for (const name of Object.keys(CLIENTS)) {
  const { skip } = KINDS.find(({ client }) => client === name);

  describe(
    `Over a cluster of three servers by ${name}, sharded`,
    { skip },
    () => {
      it('each channel is at the server that has its slot, and only there', async (t) => {
        const { ask, servers } = await openCluster(t, 3);
        const sides = openSides(t, name, servers);
        const ears = sides.map(hearAll);

        for (const { topics } of sides) await topics.ready();
        for (const [i, { topics }] of sides.entries()) {
          for (const one of NAMES) topics.publish(one, `from ${i}`);
        }
        for (const ear of ears.flat()) {
          await ear.until('from 0');
          await ear.until('from 1');
          assert.strictEqual(ear.heard.length, 2);
        }

        const counts = [];

        for (let i = 0; i < 3; i++) {
          const channels = await ask(i, 'PUBSUB', 'SHARDCHANNELS');

          assert.ok(channels.length > 0 && channels.length < NAMES.length);
          counts.push(...channels);
        }
        assert.deepStrictEqual(counts.toSorted(), CHANNELS.toSorted());

        for (const ear of ears.flat()) ear.stop();
        for (const { topics } of sides) await topics.ready();
        for (let i = 0; i < 3; i++) {
          assert.deepStrictEqual(await ask(i, 'PUBSUB', 'SHARDCHANNELS'), []);
        }
        assert.deepStrictEqual(
          sides.flatMap(({ errors }) => errors),
          []
        );
      });

      it('a server that is killed concerns its channels, and comes back', async (t) => {
        const { ask, servers } = await openCluster(t, 3);
        const sides = openSides(t, name, servers);
        const [{ topics }] = sides;
        const ears = hearAll(sides[1]);

        await sides[1].topics.ready();

        const lost = await ask(1, 'PUBSUB', 'SHARDCHANNELS');

        await servers[1].kill();
        for (const side of sides) await until(() => side.errors.length > 0);
        for (const one of NAMES) topics.publish(one, 'meanwhile');
        for (const [i, ear] of ears.entries()) {
          if (!lost.includes(CHANNELS[i])) await ear.until('meanwhile');
        }

        // Until the others have noticed, and say that the cluster is down.
        for (const i of [0, 2]) {
          await ask(i, 'CONFIG', 'SET', 'cluster-node-timeout', '500');
        }

        const noticing = informs(ask, 0, /state:fail/);
        const publishing = setInterval(() => {
          for (const one of NAMES) topics.publish(one, 'in vain');
        }, 20);

        await noticing.finally(() => clearInterval(publishing));

        const late = hear(sides[1].topics, 'late');

        await servers[1].start();
        for (const side of sides) await until(() => side.reconnects === 1);
        await sides[1].topics.ready();
        for (const one of [...NAMES, 'late']) topics.publish(one, 'end');
        for (const ear of [...ears, late]) await ear.until('end');
        for (const [i, { heard }] of ears.entries()) {
          assert.strictEqual(
            heard.includes('meanwhile'),
            !lost.includes(CHANNELS[i])
          );
          assert.strictEqual(heard.filter((text) => text === 'end').length, 1);
        }
        for (const { errors, reconnects } of sides) {
          assert.deepStrictEqual(
            errors.map(({ code }) => code),
            ['WS_RS_BROKER_AWAY']
          );
          assert.strictEqual(reconnects, 1);
        }
      });

      it('channels go with their slots, in order and without a second copy', async (t) => {
        const { ask, move, servers } = await openCluster(t, 3);
        const sides = openSides(t, name, servers);
        const [{ topics }] = sides;
        const ears = hearAll(sides[1]);
        let count = 0;
        let isOver = false;

        await sides[1].topics.ready();

        const publishing = (async () => {
          for (; !isOver; count++) {
            for (const one of NAMES) topics.publish(one, `${count}`);
            await sleep(1);
          }
        })();

        t.after(() => {
          isOver = true;
        });
        await until(() => count > 20);
        // A master that had none left would become a replica.
        await move(0, 2, 0, MOVED);

        const gone = CHANNELS.filter((one) => slotOf(one) < MOVED);

        await haveChannels(ask, [2], gone);

        const followed = count + 1;

        await until(() => count > followed + 20);
        isOver = true;
        await publishing;
        assert.ok(gone.length > 0);
        for (const one of await ask(0, 'PUBSUB', 'SHARDCHANNELS')) {
          assert.ok(!gone.includes(one), one);
        }
        for (const one of NAMES) topics.publish(one, 'end');
        for (const { heard, until: heardIt } of ears) {
          await heardIt('end');

          const numbers = heard.slice(0, -1).map(Number);

          assert.deepStrictEqual(
            numbers,
            [...new Set(numbers)].toSorted((a, b) => a - b)
          );
          // What is published before the subscriber has followed it may be lost.
          for (let i = 0; i < count; i++) {
            if (i >= 10 && i < followed) continue;
            assert.ok(numbers.includes(i), `${i} of ${count}`);
          }
        }
        assert.deepStrictEqual(
          sides.flatMap(({ errors }) => errors),
          []
        );
      });

      it('storms of comings and goings end in the right state while slots move', async (t) => {
        const { ask, move, servers } = await openCluster(t, 3);
        const sides = openSides(t, name, servers);
        const { topics } = sides[1];
        const ears = new Map();

        const moving = move(0, 1, 0, 3000);

        for (let i = 0; i < 2001; i++) {
          const one = NAMES[(i * 7) % NAMES.length];

          if (ears.has(one)) {
            ears.get(one).stop();
            ears.delete(one);
          } else {
            ears.set(one, hear(topics, one));
          }
          if (i % 50 === 0) await turns(1);
        }
        await moving;
        await topics.ready();
        // That a slot has left may still be on its way to who subscribed there.
        await haveChannels(
          ask,
          [0, 1, 2],
          [...ears.keys()].map((one) => `ws-rs:${one}`)
        );
        for (const one of ears.keys()) sides[0].topics.publish(one, 'end');
        for (const ear of ears.values()) await ear.until('end');
        assert.ok(ears.size > 0 && ears.size < NAMES.length);
      });

      it('what is published while no server is there is dropped, once said', async (t) => {
        const { servers } = await openCluster(t, 3);
        const [side] = openSides(t, name, servers);

        await side.topics.ready();
        side.topics.publish('room', 'a');
        for (const server of servers) await server.kill();
        await until(() => side.errors.length > 0);
        for (let i = 0; i < 1000; i++) side.topics.publish('room', 'b');
        await sleep(100);
        assert.deepStrictEqual(
          side.errors.map(({ code }) => code),
          ['WS_RS_BROKER_AWAY']
        );
      });

      it('a server that stops answers is given up, and found again', async (t) => {
        const { servers } = await openCluster(t, 3);
        const sides = openSides(t, name, servers);

        hearAll(sides[1]);
        await sides[1].topics.ready();
        for (const one of NAMES) sides[0].topics.publish(one, 'to connect');
        servers[1].freeze();

        const late = NAMES.map((one) => `late ${one}`);
        const ears = late.map((one) => hear(sides[1].topics, one));

        await until(() => sides[1].errors.length === 1);
        servers[1].thaw();
        await until(() => sides[1].reconnects === 1);
        await sides[1].topics.ready();
        for (const one of late) sides[0].topics.publish(one, 'end');
        for (const ear of ears) await ear.until('end');
        assert.strictEqual(sides[1].errors[0].code, 'WS_RS_BROKER_AWAY');
        for (const { heard } of ears) assert.deepStrictEqual(heard, ['end']);
      });

      it('a cluster that is not there at first is found later', async (t) => {
        const { servers } = await openCluster(t, 3);

        for (const server of servers) server.freeze();

        const sides = openSides(t, name, servers);
        const ear = hear(sides[1].topics, 'room');

        for (const side of sides) await until(() => side.errors.length === 1);
        for (const server of servers) server.thaw();
        for (const side of sides) await until(() => side.reconnects === 1);
        await sides[1].topics.ready();
        sides[0].topics.publish('room', 'here');
        await ear.until('here');
      });
    }
  );
}

function openSides(t, name, servers) {
  return [0, 1].map(() => openClusterSide(t, name, servers));
}

function hearAll({ topics }) {
  return NAMES.map((name) => hear(topics, name));
}

/** Waits until somebody subscribes to each of the channels at one of the servers. */
async function haveChannels(ask, servers, wanted) {
  const deadline = Date.now() + PATIENCE;

  for (;;) {
    const channels = [];

    for (const i of servers) {
      channels.push(...(await ask(i, 'PUBSUB', 'SHARDCHANNELS')));
    }
    if (wanted.every((one) => channels.includes(one))) return;
    assert.ok(Date.now() < deadline, `${channels} without some of ${wanted}`);
    await sleep(20);
  }
}
