'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { Broker, KINDS } = require('../support/brokers');
const { until } = require('../support/loop');
const { hear, openSide } = require('../support/two-sides');

/** By server: what has it give out some topics only. */
const RULES = {
  'nats-server': {
    flag: '-c',
    write: (names) => `
      no_auth_user: all
      authorization { users = [{ user: all, password: all, permissions: {
        publish: ">", subscribe: [${names.map((name) => `"ws-rs.${name}"`)}]
      } }] }`
  },
  'redis-server': {
    flag: '--aclfile',
    write: (names) =>
      `user default on nopass ~* resetchannels ${names
        .map((name) => `&ws-rs:${name}`)
        .join(' ')} +@all\n`
  }
};

const ALL = ['a', 'b', 'c'];

for (const kind of KINDS) {
  describe(
    `When a broker refuses a topic, over ${kind.title}`,
    {
      skip: kind.skip
    },
    () => {
      it('the others are there after an outage, and it is behind the next', async (t) => {
        const { flag, write } = RULES[kind.server];
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-rules-'));
        const file = path.join(folder, 'rules');
        const broker = new Broker(kind.server, async () => [flag, file]);

        fs.writeFileSync(file, write(ALL));
        await broker.start();

        const here = await openSide(broker, kind);
        const there = await openSide(broker, kind);

        t.after(async () => {
          await broker.end();
          for (const side of [here, there]) await side.end();
          fs.rmSync(folder, { recursive: true });
        });

        const ears = {};

        for (const name of ALL) ears[name] = hear(here.topics, name);
        await here.topics.ready();

        await restart(['a', 'c']);
        assert.strictEqual(here.errors.length, 2);
        assert.match(here.errors[1].message, /NOPERM|Permissions Violation/);
        for (const name of ['a', 'c']) {
          there.topics.publish(name, 'first');
          await ears[name].until('first');
        }

        await restart(ALL);
        for (const name of ALL) {
          there.topics.publish(name, 'second');
          await ears[name].until('second');
        }
        assert.deepStrictEqual(ears.b.heard, ['second']);

        async function restart(names) {
          const before = [here.reconnects, there.reconnects];

          await broker.kill();
          fs.writeFileSync(file, write(names));
          await broker.start();
          await until(
            () => here.reconnects > before[0] && there.reconnects > before[1]
          );
        }
      });
    }
  );
}
