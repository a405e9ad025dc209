'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openAudience } = require('../support/audience');
const { Broker, KINDS } = require('../support/brokers');
const { turns, until } = require('../support/loop');
const {
  hear,
  openSide,
  openSides,
  subscribersAre
} = require('../support/two-sides');
const { Topics } = require('../../index');

const NAMES = [
  '',
  ' ',
  'a b.c*>',
  'a.b',
  '%',
  '%2E',
  'a\0b',
  'line\r\nPUB x 0\r\n',
  'ä\u{1f600}',
  '\ud800',
  '\udc00',
  '\ufffd',
  '__proto__',
  'x'.repeat(5000),
  `${'x'.repeat(5000)}y`
];

for (const kind of KINDS) {
  describe(`Over ${kind.title}, Topics`, { skip: kind.skip }, () => {
    it('are those of both sides, for connections', async (t) => {
      const { sides } = await openSides(t, kind);
      const audiences = [];

      for (const { topics } of sides) {
        const audience = await openAudience(t, { count: 2 });

        for (const ws of audience.ws) topics.subscribe(ws, 'room');
        audiences.push(audience);
        await topics.ready();
      }

      const bytes = Buffer.from([0, 255, 128, 13, 10]);

      assert.strictEqual(sides[0].topics.publish('room', 'text'), 2);
      sides[0].topics.publish('room', bytes);
      sides[0].topics.publish('room', '');
      sides[0].topics.publish('room', Buffer.alloc(0));
      for (const take of audiences.flatMap((audience) => audience.take)) {
        const got = await take(4);

        assert.deepStrictEqual(got, ['text', bytes, '', Buffer.alloc(0)]);
      }
    });

    it('have any string as a name, and keep names apart', async (t) => {
      const { sides } = await openSides(t, kind);
      const ears = NAMES.map((name) => hear(sides[1].topics, name));

      await sides[1].topics.ready();
      for (const name of NAMES) sides[0].topics.publish(name, `to ${name}`);
      for (const name of NAMES) sides[0].topics.publish(name, 'end');
      for (const ear of ears) await ear.until('end');
      assert.deepStrictEqual(
        ears.map(({ heard }) => heard.map((text) => Buffer.from(text))),
        NAMES.map((name) => [Buffer.from(`to ${name}`), Buffer.from('end')])
      );
      assert.deepStrictEqual(
        sides.flatMap(({ errors }) => errors),
        []
      );
    });

    it('give messages once, in order, both ways at once', async (t) => {
      const { sides } = await openSides(t, kind);
      const names = ['one', 'two', 'three'];
      const ears = sides.map(({ topics }) =>
        names.map((name) => hear(topics, name))
      );

      for (const { topics } of sides) await topics.ready();
      for (let i = 0; i < 3000; i++) {
        for (const [j, { topics }] of sides.entries()) {
          topics.publish(names[i % 3], `${j} ${i}`);
        }
        if (i % 100 === 0) await turns(1);
      }
      for (const { topics } of sides) {
        for (const name of names) topics.publish(name, 'end');
      }
      for (const [here, ofSide] of ears.entries()) {
        for (const [k, ear] of ofSide.entries()) {
          await until(
            () => ear.heard.filter((text) => text === 'end').length === 2
          );
          for (const j of [here, 1 - here]) {
            assert.deepStrictEqual(
              ear.heard.filter((text) => text.startsWith(`${j} `)),
              Array.from({ length: 1000 }, (_, n) => `${j} ${3 * n + k}`)
            );
          }
          assert.strictEqual(ear.heard.length, 2002);
        }
      }
    });

    it('end in the right state after storms of comings and goings', async (t) => {
      const { sides } = await openSides(t, kind);
      const { topics } = sides[1];
      const names = Array.from({ length: 20 }, (_, i) => `storm ${i}`);
      const ears = new Map();

      for (let i = 0; i < 2001; i++) {
        const name = names[(i * 7) % 20];

        if (ears.has(name)) {
          ears.get(name).stop();
          ears.delete(name);
        } else {
          ears.set(name, hear(topics, name));
        }
        if (i % 50 === 0) await turns(1);
      }

      const sentinel = hear(topics, 'sentinel');

      await topics.ready();
      for (const name of names) sides[0].topics.publish(name, 'end');
      sides[0].topics.publish('sentinel', 'end');
      await sentinel.until('end');
      for (const ear of ears.values()) await ear.until('end');
      assert.ok(ears.size > 0 && ears.size < 20);
      assert.deepStrictEqual(
        sides.flatMap(({ errors }) => errors),
        []
      );
    });

    it('know each other on one client, and not with another prefix', async (t) => {
      const { sides } = await openSides(t, kind);
      const [{ adapter, topics }] = sides;
      const second = new Topics({ adapter: adapter() });
      const apart = new Topics({ adapter: adapter({ prefix: 'apart' }) });
      const ear = hear(second, 'room');
      const other = hear(apart, 'room');
      const own = hear(topics, 'room');

      for (const one of [second, apart]) one.on('error', () => {});
      t.after(() => Promise.all([second.close(), apart.close()]));
      await Promise.all([topics.ready(), second.ready(), apart.ready()]);
      topics.publish('room', 'one');
      sides[1].topics.publish('room', 'two');
      apart.publish('room', 'apart');
      await Promise.all([ear.until('one'), ear.until('two')]);
      await own.until('two');
      await other.until('apart');
      assert.deepStrictEqual(ear.heard.toSorted(), ['one', 'two']);
      assert.deepStrictEqual(own.heard.toSorted(), ['one', 'two']);
      assert.deepStrictEqual(other.heard, ['apart']);
    });

    it('report rubbish on their channel, and pass it over', async (t) => {
      const { broker, sides } = await openSides(t, kind);
      const ear = hear(sides[0].topics, 'room');

      await sides[0].topics.ready();
      await publishRaw(kind, broker.port, [
        Buffer.from('{"hello":"world"}'),
        Buffer.alloc(0),
        Buffer.alloc(100000, 255)
      ]);
      await until(() => sides[0].errors.length === 3);
      sides[1].topics.publish('room', 'still here');
      await ear.until('still here');
      assert.deepStrictEqual(ear.heard, ['still here']);
      for (const { code } of sides[0].errors) {
        assert.strictEqual(code, 'WS_RS_FOREIGN_MESSAGE');
      }
    });

    it('take what other programs publish as docs/scaling.md says', async (t) => {
      const { broker, sides } = await openSides(t, kind);
      const ear = hear(sides[0].topics, 'room');
      const origin = Buffer.alloc(16);

      await sides[0].topics.ready();
      await publishRaw(kind, broker.port, [
        Buffer.concat([Buffer.from([1, 0]), origin, Buffer.from('text')]),
        Buffer.concat([Buffer.from([1, 1]), origin, Buffer.from('end')])
      ]);
      await until(() => ear.heard.length === 2);
      assert.deepStrictEqual(ear.heard, ['text', Buffer.from('end')]);
    });

    it('take a name off the broker when its last connection closes', async (t) => {
      const { broker, sides } = await openSides(t, kind);
      const { topics } = sides[0];
      const { ws } = await openAudience(t, { count: 2 });

      for (const one of ws) topics.subscribe(one, 'room');
      await topics.ready();
      assert.strictEqual(
        await subscribersAre(1, kind, broker, sides[1], 'room'),
        1
      );
      ws[0].terminate();
      await once(ws[0], 'close');
      await turns();
      await topics.ready();
      assert.strictEqual(
        await subscribersAre(1, kind, broker, sides[1], 'room'),
        1
      );
      ws[1].terminate();
      await once(ws[1], 'close');
      await turns();
      await topics.ready();
      assert.strictEqual(
        await subscribersAre(0, kind, broker, sides[1], 'room'),
        0
      );
    });
  });
}

describe(
  'A RedisAdapter of redis and one of ioredis',
  {
    skip: KINDS.find(({ skip }) => skip)?.skip ?? false
  },
  () => {
    it('understand each other', async (t) => {
      const broker = await new Broker('redis-server').start();
      const sides = [];

      for (const kind of KINDS.filter(({ sharded }) => sharded)) {
        // A prefix of the program's own is for its keys.
        sides.push(await openSide(broker, kind, { keyPrefix: 'own:' }));
      }

      t.after(async () => {
        for (const side of sides) await side.end();
        await broker.end();
      });

      const ears = sides.map(({ topics }) => hear(topics, 'a\ud800'));

      for (const { topics } of sides) await topics.ready();
      sides[0].topics.publish('a\ud800', 'from redis');
      sides[1].topics.publish('a\ud800', 'from ioredis');
      await ears[1].until('from redis');
      await ears[0].until('from ioredis');
    });
  }
);

/** Publishes as any program can that knows nothing of us. */
async function publishRaw(kind, port, payloads) {
  const { client, end } = await kind.connect(port);

  if (kind.server === 'redis-server') {
    const sharded = kind.client === 'redis' ? 'sPublish' : 'spublish';
    const method = kind.sharded ? sharded : 'publish';

    await client.connect();
    for (const one of payloads) await client[method]('ws-rs:room', one);
    if (kind.client === 'redis') client.destroy();
    else client.disconnect();
  } else {
    for (const one of payloads) client.publish('ws-rs.room', one);
    await client.flush();
  }
  await end();
}
