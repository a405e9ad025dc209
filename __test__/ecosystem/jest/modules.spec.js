'use strict';

const { converse, ECHOED } = require('./conversation');

test('a module registry for each test, as of jest.resetModules()', async () => {
  const warnings = [];
  const seen = new Set();

  process.on('warning', (warning) => warnings.push(warning));

  for (let i = 0; i < 12; i++) {
    jest.resetModules();

    const lib = require('../../..');

    expect(seen.has(lib)).toBe(false);
    seen.add(lib);
    expect(await converse(lib, { perMessageDeflate: i % 2 === 0 })).toEqual(
      ECHOED
    );
  }

  expect(warnings).toEqual([]);
});

test('copies of several registries at the same time', async () => {
  const libs = [0, 1, 2].map(() => {
    let lib;

    jest.isolateModules(() => (lib = require('../../..')));
    return lib;
  });

  expect(new Set(libs).size).toBe(3);
  expect(await Promise.all(libs.map((lib) => converse(lib)))).toEqual(
    libs.map(() => ECHOED)
  );
});

test('spies on send() and on the socket see what is sent', async () => {
  const { WebSocket, WebSocketServer } = require('../../..');
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

  await new Promise((resolve) => wss.on('listening', resolve));

  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const [peer] = await new Promise((resolve) =>
    wss.on('connection', (...args) => resolve(args))
  );
  const received = new Promise((resolve) => ws.on('message', resolve));
  const send = jest.spyOn(peer, 'send');

  peer.send('hello');
  expect(String(await received)).toBe('hello');
  expect(send).toHaveBeenCalledWith('hello');
  send.mockRestore();
  ws.terminate();
  await new Promise((resolve) => wss.close(resolve));
});
