'use strict';

/* global once -- the programs begin with it */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { loadNative } = require('../../lib/native/loader');
const { skip } = require('../support/loop');
const { evaluate } = require('../support/programs');

/** glibc fills what is freed with other bytes: who uses it is found out. */
const env = { MALLOC_PERTURB_: '165' };

describe('A program that calls the addon by itself', () => {
  it(
    'may free a connection when it is told of its context',
    { skip },
    async () => {
      const seen = await evaluate(
        async () => {
          const { createHook, executionAsyncId } = require('node:async_hooks');
          const net = require('node:net');
          const { loadNative } = require('./lib/native/loader');
          const binding = loadNative().createBinding();
          const id = binding.connectionCreate(false, 0, 0, 0, 0);
          const seen = { contexts: [], events: [] };
          const onText = () => seen.events.push(executionAsyncId());

          createHook({
            init(asyncId, type) {
              if (type !== 'WSRSSOCKET') return;
              seen.contexts.push(asyncId);
              binding.connectionFree(id);
            }
          }).enable();
          binding.eventRows(4, []);
          binding.onEvents(new Proxy({}, { get: () => onText }));

          const server = net.createServer({ pauseOnConnect: true }).listen(0);

          await once(server, 'listening');

          const client = net.connect(server.address().port);
          const [socket] = await once(server, 'connection');

          binding.loopOpen(id, socket._handle.fd, false, false, 0);
          client.write(Buffer.from('810161', 'hex'));
          while (seen.contexts.length === 0) {
            await new Promise((resolve) => setImmediate(resolve));
          }
          console.log(JSON.stringify(seen));
          process.exit();
        },
        { env }
      );

      assert.strictEqual(seen.contexts.length, 1);
      // That it is ended by `onContext` first, and by `onText`.
      assert.strictEqual(seen.events.at(-1), seen.contexts[0]);
    }
  );
});
