'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const { KINDS } = require('../support/brokers');
const { until } = require('../support/loop');
const { CLIENTS, openClusterSide } = require('../support/redis-cluster');

for (const name of Object.keys(CLIENTS)) {
  const { skip } = KINDS.find(({ client }) => client === name);

  describe(
    `A server of a cluster that takes connections of ${name} and is silent`,
    {
      skip
    },
    () => {
      it('keeps none of them open while it is asked again and again', async (t) => {
        const open = new Set();
        let count = 0;
        const server = net.createServer((socket) => {
          count++;
          open.add(socket);
          socket.on('close', () => open.delete(socket));
          socket.on('error', () => {});
          socket.resume();
        });

        t.after(() => {
          for (const socket of open) socket.destroy();
          server.close();
        });
        server.listen(0, '127.0.0.1');
        await once(server, 'listening');

        const side = openClusterSide(t, name, [server.address()]);

        side.topics.listen('room', () => {});
        await until(() => count >= 3);
        assert.ok(open.size < count, `${open.size} of ${count} are open`);
        assert.deepStrictEqual(
          side.errors.map(({ code }) => code),
          ['WS_RS_BROKER_AWAY']
        );
        await side.topics.close();
        await until(() => open.size === 0);
      });
    }
  );
}
