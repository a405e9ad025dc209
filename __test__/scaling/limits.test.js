'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openAudience } = require('../support/audience');
const { Broker, KINDS } = require('../support/brokers');
const { until } = require('../support/loop');
const { runProgram } = require('../support/programs');
const { hear, openSides } = require('../support/two-sides');

const LONG = 5 * 1024 * 1024;

for (const kind of KINDS) {
  describe(`Over ${kind.title}`, { skip: kind.skip }, () => {
    const takesLong = kind.server === 'redis-server';

    it(`a message of 5 MiB ${takesLong ? 'arrives' : 'is refused with a reason'}`, async (t) => {
      const { sides } = await openSides(t, kind);
      const [here, there] = sides.map(({ topics }) => topics);
      const ear = hear(there, 'room');
      const { take, ws } = await openAudience(t, { count: 1 });
      const text = 'x'.repeat(LONG);

      here.subscribe(ws[0], 'room');
      await Promise.all([here.ready(), there.ready()]);
      here.publish('room', text);
      here.publish('room', 'end');
      await ear.until('end');
      assert.deepStrictEqual(await take[0](2), [text, 'end']);
      assert.strictEqual(ear.heard.length, takesLong ? 2 : 1);
      if (takesLong) {
        assert.strictEqual(ear.heard[0].length, LONG);
      } else {
        await until(() => sides[0].errors.length === 1);
        assert.strictEqual(sides[0].errors[0].code, 'WS_RS_DROPPED');
        assert.match(
          sides[0].errors[0].message,
          /A message of 5242898 bytes .* takes 1048576, .* "max_payload"/
        );
      }
    });

    it('nothing keeps a process from ending once all is closed', async (t) => {
      const broker = await new Broker(kind.server).start();

      t.after(() => broker.end());

      const { code, stderr, stdout } = await runProgram(
        async ({ port, title }) => {
          const { KINDS } = require('./__test__/support/brokers');
          const kind = KINDS.find((one) => one.title === title);
          const { adapter, end } = await kind.connect(port);
          const topics = new WebSocket.Topics({ adapter: adapter() });

          topics.listen('room', () => {});
          await topics.ready();
          topics.publish('room', 'a');
          await topics.close();
          await end();
          console.log('closed');
        },
        { argument: { port: broker.port, title: kind.title } }
      );

      assert.deepStrictEqual([code, stderr, stdout], [0, '', 'closed\n']);
    });

    for (const when of [
      'before they are ready',
      'while the broker is frozen'
    ]) {
      it(`nor if they are closed ${when}`, async (t) => {
        const broker = await new Broker(kind.server).start();

        t.after(() => broker.end());

        const { code, stderr, stdout } = await runProgram(
          async ({ pid, port, title }) => {
            const { KINDS } = require('./__test__/support/brokers');
            const kind = KINDS.find((one) => one.title === title);
            const { adapter, end } = await kind.connect(port);
            const topics = new WebSocket.Topics({ adapter: adapter() });

            topics.listen('room', () => {});
            if (pid !== undefined) {
              await topics.ready();
              process.kill(pid, 'SIGSTOP');
            }
            topics.publish('room', 'a');
            topics.listen('other', () => {});
            await topics.close();
            await end();
            console.log('closed');
          },
          {
            argument: {
              pid: when.endsWith('frozen') ? broker.pid : undefined,
              port: broker.port,
              title: kind.title
            }
          }
        );

        assert.deepStrictEqual([code, stderr, stdout], [0, '', 'closed\n']);
      });
    }

    it('Topics close while the broker is away, and while it is frozen', async (t) => {
      for (const harm of ['kill', 'freeze']) {
        const { broker, sides } = await openSides(t, kind);

        hear(sides[0].topics, 'room');
        await sides[0].topics.ready();
        sides[0].topics.publish('room', 'a');
        await broker[harm]();
        sides[0].topics.publish('room', 'b');

        const closing = sides[0].topics.close();

        assert.throws(() => sides[0].topics.publish('room', 'c'), /closed/);
        await closing;
      }
    });

    it('Topics may close before they are ready', async (t) => {
      const { sides } = await openSides(t, kind);
      const { topics } = sides[0];

      hear(topics, 'room');

      const ready = topics.ready();

      await topics.close();
      await ready;
      assert.deepStrictEqual(sides[0].errors, []);
    });
  });
}
