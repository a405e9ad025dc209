'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openAudience } = require('../support/audience');
const { Broker, KINDS } = require('../support/brokers');
const { turns, until } = require('../support/loop');
const { hear, openSide, openSides } = require('../support/two-sides');
const { Topics } = require('../../index');

const AWAY = 'WS_RS_BROKER_AWAY';

for (const kind of KINDS.filter(({ server }) => server === 'redis-server')) {
  describe(`Over ${kind.title}`, { skip: kind.skip }, () => {
    it('the broker may come later than the program', async (t) => {
      const broker = await new Broker(kind.server).start();

      await broker.kill();

      const side = await openSide(broker, kind);
      const ear = hear(side.topics, 'room');
      let isReady = false;

      t.after(async () => {
        await side.end();
        await broker.end();
      });
      side.topics.ready().then(() => (isReady = true));
      side.topics.publish('room', 'local');
      await once(side.topics, 'error').catch(() => {});
      assert.deepStrictEqual(ear.heard, ['local']);
      assert.strictEqual(isReady, false);
      await broker.start();
      await until(() => isReady);

      const other = await openSide(broker, kind);

      t.after(() => other.end());
      other.topics.publish('room', 'first');
      await ear.until('first');
      assert.deepStrictEqual(
        [side.errors.map(({ code }) => code), side.reconnects],
        [[AWAY], 1]
      );
    });

    it('what is published before the connection is there is sent', async (t) => {
      const { broker, sides } = await openSides(t, kind);
      const ear = hear(sides[0].topics, 'room');

      await sides[0].topics.ready();

      const late = await openSide(broker, kind);

      t.after(() => late.end());
      for (let i = 0; i < 100; i++) late.topics.publish('room', `${i}`);
      await ear.until('99');
      assert.deepStrictEqual(
        ear.heard,
        Array.from({ length: 100 }, (_, i) => `${i}`)
      );
    });

    it('the program may use and close its client as it likes', async (t) => {
      const { sides } = await openSides(t, kind);
      const { client, topics } = sides[0];
      const ear = hear(sides[1].topics, 'room');

      await sides[1].topics.ready();
      await client.connect();
      await client.set('key', 'value');
      if (kind.client === 'redis') await client.close();
      else await client.quit();
      topics.publish('room', 'still');
      await ear.until('still');
      assert.deepStrictEqual(sides[0].errors, []);
    });
  });
}

describe(
  'Over NATS, when the program closes the connection',
  {
    skip: KINDS.find(({ title }) => title === 'NATS').skip
  },
  () => {
    it('before it was given to them, they say so once, too', async (t) => {
      const kind = KINDS.find(({ title }) => title === 'NATS');
      const broker = await new Broker(kind.server).start();
      const { adapter, client } = await kind.connect(broker.port);

      t.after(() => broker.end());
      await client.close();

      const topics = new Topics({ adapter: adapter() });
      const errors = [];

      topics.on('error', ({ code }) => errors.push(code));
      hear(topics, 'room');
      topics.publish('room', 'a');
      await turns();
      assert.deepStrictEqual(errors, [AWAY]);
      await topics.close();
    });

    it('Topics say so once, and go on alone', async (t) => {
      const kind = KINDS.find(({ title }) => title === 'NATS');
      const { sides } = await openSides(t, kind);
      const { client, errors, topics } = sides[0];
      const { take, ws } = await openAudience(t, { count: 1 });

      await topics.ready();
      await client.close();
      await until(() => errors.length > 0);
      topics.subscribe(ws[0], 'room');
      topics.publish('room', 'a');
      topics.publish('room', 'b');
      assert.deepStrictEqual(await take[0](2), ['a', 'b']);
      topics.unsubscribe(ws[0]);
      await turns();
      assert.deepStrictEqual(
        errors.map(({ code }) => code),
        [AWAY]
      );
      await topics.close();
    });
  }
);
