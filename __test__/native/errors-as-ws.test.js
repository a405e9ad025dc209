'use strict';

// What a program sees of the error of a connection, beside its code and text: compared with ws.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');

const { Peer, WebSocket } = require('../support/implementation');
const { hex } = require('../support/events');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');

const CASES = {
  'an opcode that nobody knows': hex('83 80 00 00 00 00'),
  'text that is no UTF-8': hex('81 81 00 00 00 00 ff'),
  'a message that is too long': hex(
    '82 ff 00 00 00 00 00 01 00 00 00 00 00 00'
  ),
  'corrupt compressed data': hex('c1 83 00 00 00 00 ff ff ff')
};

/** The error that the server of an implementation has for some bytes. */
async function errorOf({ Server }, bytes) {
  const wss = new Server({
    host: '127.0.0.1',
    maxPayload: 100,
    perMessageDeflate: true,
    port: 0
  });

  wss.on('connection', (ws) => {
    ws.on('error', (error) => wss.emit('seen', error));
  });

  const seen = once(wss, 'seen');
  const { socket } = await exchange(
    await portOf(wss),
    upgradeRequest({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })
  );

  socket.write(bytes);

  const [error] = await seen;

  socket.destroy();
  wss.close();
  return error;
}

function looks(error) {
  const keys = Reflect.ownKeys(error);

  return {
    descriptors: keys.map((key) => {
      const { configurable, enumerable, writable } =
        Object.getOwnPropertyDescriptor(error, key);

      return { configurable, enumerable, writable };
    }),
    hasFrames: /\n {4}at /.test(error.stack),
    inspected: inspect(error).replace(/\n {4}at .*/g, ''),
    json: JSON.stringify(error),
    keys: keys.map(String)
  };
}

describe('The error of a connection', () => {
  for (const [name, bytes] of Object.entries(CASES)) {
    it(`looks as that of ws, after ${name}`, async () => {
      const ours = looks(await errorOf(WebSocket, bytes));

      assert.ok(ours.hasFrames);
      assert.deepStrictEqual(ours, looks(await errorOf(Peer, bytes)));
    });
  }

  it('has no frames if the program wants none, and those of its own form', async (t) => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    const bytes = CASES['an opcode that nobody knows'];

    t.after(() => Object.assign(Error, { prepareStackTrace, stackTraceLimit }));
    Error.stackTraceLimit = 0;
    assert.strictEqual(
      (await errorOf(WebSocket, bytes)).stack,
      'RangeError: Invalid WebSocket frame: invalid opcode 3'
    );
    Error.stackTraceLimit = 2;
    Error.prepareStackTrace = (error, frames) => frames.length;
    assert.strictEqual((await errorOf(WebSocket, bytes)).stack, 2);
  });
});
