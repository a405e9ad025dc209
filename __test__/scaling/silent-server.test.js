'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { Broker, KINDS } = require('../support/brokers');
const { until } = require('../support/loop');
const { Topics } = require('../../index');

for (const kind of KINDS.filter(({ server }) => server === 'redis-server')) {
  const { skip, title } = kind;

  /** Topics whose server is at a port, and what they have said. */
  const open = async (t, port) => {
    const { adapter } = await kind.connect(port);
    const topics = new Topics({ adapter: adapter() });
    const said = [];

    t.after(() => topics.close());
    topics.on('error', ({ code }) => said.push(code));
    topics.on('reconnect', () => said.push('reconnect'));
    return { said, topics };
  };

  describe(
    `A server that takes connections and is silent, of ${title},`,
    { skip },
    () => {
      it('is away from the beginning, and back when it answers', async (t) => {
        const broker = await new Broker('redis-server').start();

        t.after(() => broker.end());
        broker.freeze();

        const one = await open(t, broker.port);
        const other = await open(t, broker.port);
        const heard = [];

        one.topics.listen('room', (data) => heard.push(`${data}`));
        other.topics.publish('room', 'nobody hears it');
        await until(() => one.said.length + other.said.length === 2);
        broker.thaw();
        await one.topics.ready();
        await until(() => one.said.length + other.said.length === 4);
        other.topics.publish('room', 'all hear it');
        await until(() => heard.length > 0);
        assert.deepStrictEqual(heard, ['all hear it']);
        for (const { said } of [one, other]) {
          assert.deepStrictEqual(said, ['WS_RS_BROKER_AWAY', 'reconnect']);
        }
      });

      it('is connected to anew, and no connection is kept', async (t) => {
        const all = new Set();
        let count = 0;
        const server = net.createServer((socket) => {
          count++;
          all.add(socket);
          socket.on('close', () => all.delete(socket));
          socket.on('error', () => {});
          socket.resume();
        });

        t.after(() => {
          for (const socket of all) socket.destroy();
          server.close();
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');

        const { said, topics } = await open(t, server.address().port);

        topics.listen('room', () => {});
        await until(() => count >= 4);
        await until(() => all.size <= 2);
        assert.deepStrictEqual(said, ['WS_RS_BROKER_AWAY']);
        await topics.close();
        await until(() => all.size === 0);
      });
    }
  );
}
