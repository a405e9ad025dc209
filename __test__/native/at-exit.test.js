'use strict';

const assert = require('node:assert');
const { it } = require('node:test');

const { runProgram } = require('../support/programs');
const { portOf } = require('../support/raw-http');
const { serve } = require('../support/servers');

/** Sends more than is written at once, and exits in the same tick. */
function exit({ url, mocks }) {
  // As `jest.spyOn(process, 'on').mockImplementation(() => process)`.
  if (mocks) process.on = () => process;

  const ws = new WebSocket(url);

  ws.on('open', () => {
    // So that it takes less than 100 us to send some more.
    for (let i = 0; i < 2000; i++) ws.send('-');
    setTimeout(() => {
      for (let i = 0; i < 20; i++) ws.send(String(i));
      process.exit();
    }, 10);
  });
}

for (const mocks of [false, true]) {
  it(`what is sent before process.exit() arrives, with ${mocks ? 'another' : 'the usual'} process.on()`, async (t) => {
    const wss = serve(t, { host: '127.0.0.1' });
    const url = `ws://127.0.0.1:${await portOf(wss)}`;
    const got = [];
    const closed = new Promise((resolve) => {
      wss.on('connection', (ws) => {
        ws.on('message', (data) => got.push(Number(data)));
        ws.on('close', resolve);
      });
    });
    const [{ code }] = await Promise.all([
      runProgram(exit, { argument: { mocks, url } }),
      closed
    ]);

    assert.strictEqual(code, 0);
    assert.deepStrictEqual(got.slice(2000), [...Array(20).keys()]);
  });
}
