'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { openAudience } = require('../support/audience');
const { Broker, KINDS } = require('../support/brokers');
const { turns, until } = require('../support/loop');
const {
  hear,
  openSide,
  openSides,
  subscribersAre
} = require('../support/two-sides');

const AWAY = 'WS_RS_BROKER_AWAY';

/** Kills the broker, and waits until both sides know. */
async function lose({ broker, sides }) {
  const errors = sides.map(({ errors }) => errors.length);

  await broker.kill();
  await until(() =>
    sides.every((side, i) => side.errors.length > errors[i] && side.isLost())
  );
}

async function bringBack({ broker, sides }) {
  const before = sides.map(({ reconnects }) => reconnects);

  await broker.start();
  await until(() => sides.every((side, i) => side.reconnects > before[i]));
}

for (const kind of KINDS) {
  describe(
    `When the broker is lost, over ${kind.title}`,
    {
      skip: kind.skip
    },
    () => {
      it('each side says so once, goes on alone, and then with all', async (t) => {
        const both = await openSides(t, kind);
        const [here, there] = both.sides.map(({ topics }) => topics);
        const { take, ws } = await openAudience(t, { count: 1 });
        const ear = hear(there, 'room');

        here.subscribe(ws[0], 'room');
        await Promise.all([here.ready(), there.ready()]);
        there.publish('room', 'before');
        assert.deepStrictEqual(await take[0](1), ['before']);

        await lose(both);
        for (let i = 0; i < 100; i++) here.publish('room', `lost ${i}`);
        assert.strictEqual((await take[0](100))[99], 'lost 99');
        // Some attempts to connect.
        await sleep(100);

        await bringBack(both);
        here.publish('room', 'after');
        await ear.until('after');
        there.publish('room', 'back');
        assert.deepStrictEqual(await take[0](2), ['after', 'back']);
        assert.deepStrictEqual(ear.heard, ['before', 'after', 'back']);
        for (const { errors, reconnects } of both.sides) {
          assert.deepStrictEqual(
            errors.map(({ code }) => code),
            [AWAY]
          );
          assert.strictEqual(reconnects, 1);
        }

        // And once more.
        await lose(both);
        await bringBack(both);
        here.publish('room', 'again');
        await ear.until('again');
        assert.strictEqual(both.sides[0].errors.length, 2);
      });

      it('who came and left meanwhile is right afterwards', async (t) => {
        const both = await openSides(t, kind);
        const [here, there] = both.sides.map(({ topics }) => topics);
        const ears = {};

        for (const name of ['stays', 'leaves', 'returns']) {
          ears[name] = hear(here, name);
        }
        await here.ready();
        await lose(both);
        ears.leaves.stop();
        ears.returns.stop();
        ears.comes = hear(here, 'comes');
        hear(here, 'was here').stop();
        ears.again = hear(here, 'returns');
        await turns();
        await bringBack(both);
        await here.ready();
        for (const name of [
          'stays',
          'leaves',
          'returns',
          'comes',
          'was here'
        ]) {
          there.publish(name, 'end');
        }
        await Promise.all(
          [ears.stays, ears.comes, ears.again].map((ear) => ear.until('end'))
        );
        assert.deepStrictEqual(ears.leaves.heard, []);
        assert.deepStrictEqual(
          both.sides[0].errors.map(({ code }) => code),
          [AWAY]
        );
        // Over NATS this asks, which is rubbish to Topics.
        for (const name of ['leaves', 'comes']) {
          const count = name === 'comes' ? 1 : 0;

          assert.strictEqual(
            await subscribersAre(count, kind, both.broker, both.sides[1], name),
            count
          );
        }
      });

      it('all of a thousand names come back', async (t) => {
        const both = await openSides(t, kind);
        const [here, there] = both.sides.map(({ topics }) => topics);
        const names = Array.from({ length: 1000 }, (_, i) => `name ${i}`);
        const ears = names.map((name) => hear(here, name));

        await here.ready();
        await lose(both);
        await bringBack(both);
        for (const name of names) there.publish(name, name);
        for (const [i, ear] of ears.entries()) await ear.until(names[i]);
        for (const ear of ears) assert.strictEqual(ear.heard.length, 1);
      });

      it('nothing piles up, however much is published', async (t) => {
        const both = await openSides(t, kind);
        const [side] = both.sides;
        const message = Buffer.alloc(1024, 'x');

        await side.topics.ready();
        await lose(both);
        for (let i = 0; i < 100_000; i++) side.topics.publish('room', message);
        assert.ok(side.isIdle());
        for (let i = 0; i < 10_000; i++) {
          hear(side.topics, `name ${i}`).stop();
          if (i % 1000 === 0) await turns(1);
        }
        await turns();
        assert.ok(side.isIdle());
        assert.strictEqual(side.topics._relay._pending, 0);
        assert.strictEqual(side.topics._relay._interest._entries.size, 0);

        const ear = hear(both.sides[1].topics, 'room');

        await bringBack(both);
        await both.sides[1].topics.ready();
        side.topics.publish('room', 'after');
        await ear.until('after');
        assert.deepStrictEqual(ear.heard, ['after']);
      });

      it('what was published while it was there arrives, in order and once', async (t) => {
        const both = await openSides(t, kind);
        const [here, there] = both.sides.map(({ topics }) => topics);
        const ear = hear(there, 'room');
        let sent = 0;

        await there.ready();
        for (let round = 0; round < 3; round++) {
          const lost = lose(both);

          // While it dies.
          while (both.sides[0].errors.length === round) {
            here.publish('room', `${sent++}`);
            await turns(1);
          }
          await lost;
          await bringBack(both);
          here.publish('room', `round ${round}`);
          await ear.until(`round ${round}`);
        }

        const numbers = ear.heard.map(Number).filter((n) => !Number.isNaN(n));

        for (const { errors } of both.sides) {
          assert.deepStrictEqual(
            errors.map(({ code }) => code),
            [AWAY, AWAY, AWAY]
          );
        }
        assert.ok(sent > 0);
        for (let i = 1; i < numbers.length; i++) {
          assert.ok(numbers[i] > numbers[i - 1], `${numbers[i]} comes late`);
        }
        assert.deepStrictEqual(
          ear.heard.filter((text) => text.startsWith('round')),
          ['round 0', 'round 1', 'round 2']
        );
      });

      it('no message comes twice as nobody knows what became of it', async (t) => {
        const broker = await new Broker(kind.server).start();
        const line = await openLine(t, broker.port);
        const sides = [
          await openSide(line, kind),
          await openSide(broker, kind)
        ];

        t.after(async () => {
          for (const side of sides) await side.end();
          await broker.end();
        });

        const ear = hear(sides[1].topics, 'room');

        await Promise.all(sides.map(({ topics }) => topics.ready()));
        sides[0].topics.publish('room', 'first');
        await ear.until('first');
        line.loseAnswers();
        for (let i = 0; i < 10; i++) sides[0].topics.publish('room', `${i}`);
        await ear.until('9');
        line.cut();
        await until(() => sides[0].reconnects === 1);
        sides[0].topics.publish('room', 'after');
        await ear.until('after');
        assert.deepStrictEqual(ear.heard, [
          'first',
          ...Array.from({ length: 10 }, (_, i) => `${i}`),
          'after'
        ]);
      });

      it('it may have stopped answering: then only so much waits', async (t) => {
        const both = await openSides(t, kind, { maxPending: 1024 * 1024 });
        const [here, there] = both.sides.map(({ topics }) => topics);
        const ear = hear(there, 'room');
        const count = 5000;

        await there.ready();
        both.broker.freeze();
        for (let i = 0; i < count; i++) {
          here.publish('room', `${i} `.padEnd(1024, 'x'));
          if (i % 500 === 0) await turns(1);
        }
        assert.ok(here._relay._pending <= 1024 * 1024);
        both.broker.thaw();
        await until(() => here._relay._pending === 0);
        here.publish('room', 'end');
        await ear.until('end');
        // Some were taken before it stopped; those that came are the first.
        assert.ok(ear.heard.length >= 1024 && ear.heard.length < count);
        assert.deepStrictEqual(
          ear.heard.slice(0, -1).map((text) => parseInt(text, 10)),
          Array.from({ length: ear.heard.length - 1 }, (_, i) => i)
        );
        assert.deepStrictEqual(
          both.sides[0].errors.map(({ code }) => code),
          ['WS_RS_DROPPED']
        );
      });
    }
  );
}

/** A line to a broker that can lose what it answers, and be cut. */
async function openLine(t, port) {
  const ends = new Set();
  let isDeaf = false;
  const server = net.createServer((client) => {
    const broker = net.connect(port, '127.0.0.1');

    client.pipe(broker);
    broker.on('data', (data) => {
      if (!isDeaf) client.write(data);
    });
    for (const [one, other] of [
      [client, broker],
      [broker, client]
    ]) {
      ends.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        ends.delete(one);
        other.destroy();
      });
    }
  });

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const end of ends) end.destroy();
  });
  return {
    cut() {
      for (const end of ends) end.destroy();
      isDeaf = false;
    },
    loseAnswers() {
      isDeaf = true;
    },
    port: server.address().port
  };
}
