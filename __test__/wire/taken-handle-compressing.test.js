'use strict';

/* global serve -- the program begins with it */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/** Closes the handle while the first message is compressed; gives what follows. */
function closeMeanwhile(transport) {
  return evaluate(
    async () => {
      const { randomBytes } = require('node:crypto');
      const wss = await serve({ perMessageDeflate: { threshold: 0 } });
      const seen = [];

      process.on('uncaughtException', (err) => seen.push(err.message));
      wss.on('connection', (ws) => {
        ws.send(randomBytes(3 << 20), (err) => seen.push(err.message));
        ws._socket._handle.close();
        ws.on('close', (code) => {
          seen.push(code);
          wss.close(() => console.log(JSON.stringify(seen)));
        });
      });

      new WebSocket(wss.url).on('error', () => {});
    },
    { env: { WS_RS_TRANSPORT: transport } }
  );
}

describe('A handle that is closed while a message is compressed', () => {
  for (const transport of ['', 'stream']) {
    it(`ends its connection, with the callback's error (${transport})`, async () => {
      assert.deepStrictEqual(await closeMeanwhile(transport), [
        'The socket was closed while data was being compressed',
        1006
      ]);
    });
  }
});
