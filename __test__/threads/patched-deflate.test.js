'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { PerMessageDeflate } = require('../..');
const { openThreaded, skipThreads: skip } = require('../support/threads');

const EXTENSION = 'permessage-deflate';

/** Puts methods there that note who they are called for. */
function noteCalls(t, object, name) {
  const before = object[name];
  const calls = [];

  t.mock.method(object, name, function (...args) {
    calls.push(this);
    return before.apply(this, args);
  });
  return calls;
}

describe(
  'Who replaces methods of PerMessageDeflate while an I/O thread is at it',
  {
    skip
  },
  () => {
    for (const where of ['the instance', 'the class']) {
      it(`sees messages from the next but one on, and what is sent from then on: on ${where}`, async (t) => {
        const { pairs } = await openThreaded(t, 1, {
          perMessageDeflate: { threshold: 0 }
        });
        const [{ client, peer }] = pairs;
        const pmd = peer._extensions[EXTENSION];
        const echo = async (data) => {
          client.send(data);
          assert.strictEqual(String((await once(client, 'message'))[0]), data);
        };

        peer.on('message', (data, binary) => peer.send(data, { binary }));
        for (const data of ['first', 'second', 'third']) await echo(data);

        const object =
          where === 'the class' ? PerMessageDeflate.prototype : pmd;
        const [inflated, compressed] = ['decompress', 'compress'].map((name) =>
          noteCalls(t, object, name)
        );
        const countOf = (calls) => calls.filter((one) => one === pmd).length;

        await echo('fourth');
        await echo('fifth');
        await echo('sixth');
        assert.strictEqual(peer.transport, 'threads');
        assert.deepStrictEqual([inflated, compressed].map(countOf), [2, 3]);
      });
    }
  }
);
