'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { PATIENCE } = require('../../lib/adapters/in-time');
const mapFor = require('../../lib/adapters/redis-map');

function none() {}

/** A client of a cluster of `redis`, and the options of others like it. */
function makeClient(options) {
  const made = [];
  const client = {
    ...{ connect: none, duplicate, getSlotRandomNode: none, nodeClient: none },
    ...{ publish: none, sSubscribe: none },
    _options: options
  };

  function duplicate(overrides) {
    made.push({ ...options, ...overrides });
    return {
      async connect() {},
      destroy: none,
      masters: [],
      on: none,
      slots: []
    };
  }

  return { client, made };
}

describe('The map of a cluster of redis', () => {
  it('asks roots that may not be silent, and leaves the others as they are', async () => {
    const defaults = { password: 'secret', socket: { connectTimeout: 1 } };
    const rootNodes = [
      { url: 'redis://127.0.0.1:7000' },
      { socket: { port: 7001, connectTimeout: 2 }, username: 'root' }
    ];
    const { client, made } = makeClient({ defaults, rootNodes });

    await mapFor(client).look(client);
    assert.deepStrictEqual(made[0].defaults, defaults);
    assert.deepStrictEqual(made[0].rootNodes, [
      {
        socket: { connectTimeout: 1, socketTimeout: PATIENCE },
        url: 'redis://127.0.0.1:7000'
      },
      {
        socket: { connectTimeout: 2, port: 7001, socketTimeout: PATIENCE },
        username: 'root'
      }
    ]);
    assert.deepStrictEqual(rootNodes[0], { url: 'redis://127.0.0.1:7000' });
  });

  it('takes a client that does not show its roots', async () => {
    const { client, made } = makeClient(undefined);

    await mapFor(client).look(client);
    assert.strictEqual('rootNodes' in made[0], false);
  });
});
