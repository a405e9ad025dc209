'use strict';

/* global serve -- the programs begin with it */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/**
 * A server sends, in an async context and in a domain, what is not written at once; its callback
 * throws.
 */
async function main({ behind, ioThreads, perMessageDeflate }) {
  const { AsyncLocalStorage } = require('node:async_hooks');
  const wss = await serve({ ioThreads, perMessageDeflate });
  const storage = new AsyncLocalStorage();
  const seen = [];
  const connected = new Promise((resolve) => wss.on('connection', resolve));
  const ws = new WebSocket(wss.url, { perMessageDeflate });
  const peer = await connected;

  ws.on('message', () => {});
  process.on('uncaughtException', (err) => {
    seen.push(`uncaught ${err.message} ${storage.getStore()}`);
  });

  function send(name) {
    if (behind > 0) peer.send(Buffer.alloc(behind));
    peer.send(name, () => {
      throw new Error(name);
    });
  }

  storage.run('sender', () => send('one'));

  // A domain takes the exceptions of the process from all who listen for them.
  while (seen.length < 1) await new Promise(setImmediate);

  const scope = require('node:domain').create();

  scope.on('error', (err) => seen.push(`domain ${err.message}`));
  scope.run(() => send('two'));
  while (seen.length < 2) await new Promise(setImmediate);
  ws.terminate();
  wss.close();
  console.log(JSON.stringify(seen));
}

describe('What a callback throws that is called late', () => {
  for (const [name, argument] of Object.entries({
    'behind what the kernel does not take': { behind: 9e6 },
    'by an I/O thread': { behind: 0, ioThreads: 1 },
    'by an I/O thread that compresses': {
      behind: 0,
      ioThreads: 1,
      perMessageDeflate: { threshold: 0 }
    }
  })) {
    it(`is told of in its context, and to its domain: ${name}`, async () => {
      assert.deepStrictEqual(await evaluate(main, { argument }), [
        'uncaught one sender',
        'domain two'
      ]);
    });
  }
});
