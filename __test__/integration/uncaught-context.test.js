'use strict';

/* global serve -- the programs begin with it */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

// By the context node:test knows which test something was thrown in.
describe('What a listener throws', () => {
  /** Throws in a client's listener, of a message that comes when the connection is promoted. */
  async function main(compressed) {
    const { executionAsyncId } = require('node:async_hooks');
    const perMessageDeflate = compressed && { threshold: 0 };
    const wss = await serve({ perMessageDeflate });
    const seen = [];
    let inListener;

    process.on('uncaughtException', (error) => {
      seen.push(error.message, executionAsyncId() === inListener);
    });
    wss.on('connection', (ws) => {
      setTimeout(() => {
        ws.send('one');
        ws.send('two');
      }, 100);
    });

    const ws = new WebSocket(wss.url, { perMessageDeflate });

    ws.on('message', (data) => {
      inListener = executionAsyncId();
      if (String(data) === 'two') setImmediate(() => ws.close());
      throw new Error(String(data));
    });
    ws.on('close', () => {
      wss.close();
      console.log(JSON.stringify([inListener > 0, ...seen]));
    });
  }

  for (const compressed of [false, true]) {
    it(`is told of in its context, ${compressed ? 'compressed' : 'plain'}`, async () => {
      assert.deepStrictEqual(await evaluate(main, { argument: compressed }), [
        true,
        ...['one', true],
        ...['two', true]
      ]);
    });
  }
});
