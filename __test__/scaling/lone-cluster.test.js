'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { KINDS } = require('../support/brokers');
const { until } = require('../support/loop');
const {
  CLIENTS,
  openCluster,
  openClusterSide
} = require('../support/redis-cluster');

for (const name of Object.keys(CLIENTS)) {
  const { skip } = KINDS.find(({ client }) => client === name);

  describe(`A cluster of one server, by ${name},`, { skip }, () => {
    it('is there as soon as its server says where that is', async (t) => {
      const cluster = await openCluster(t, 1);
      const { topics, errors } = openClusterSide(t, name, cluster.servers);
      const heard = [];

      topics.listen('room', (data) => heard.push(`${data}`));

      // Nobody has told it. That of redis goes by where it asked.
      if (name === 'ioredis') {
        await until(() => errors.length > 0);
        assert.match(errors[0].message, /"cluster-announce-ip"/);
        await cluster.ask(
          0,
          'CONFIG',
          'SET',
          'cluster-announce-ip',
          '127.0.0.1'
        );
      }

      await topics.ready();

      const other = openClusterSide(t, 'redis', cluster.servers);

      await other.topics.ready();
      other.topics.publish('room', 'a');
      await until(() => heard.length > 0);
      assert.deepStrictEqual(heard, ['a']);
      assert.strictEqual(errors.length, name === 'ioredis' ? 1 : 0);
    });
  });
}
