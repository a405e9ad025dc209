import { expect, test, vi } from 'vitest';
import * as first from 'ws-rs';

import { converse, ECHOED } from './conversation.cjs';

test('messages move after vi.resetModules(), many times', async () => {
  const warnings = [];

  process.on('warning', (warning) => warnings.push(warning));

  for (let i = 0; i < 12; i++) {
    vi.resetModules();

    const lib = await import('ws-rs');

    expect(await converse(lib, { perMessageDeflate: i % 2 === 0 })).toEqual(
      ECHOED
    );
  }

  expect(warnings).toEqual([]);
});

test('what was loaded before goes on beside it', async () => {
  vi.resetModules();

  const libs = [first, await import('ws-rs')];

  expect(await Promise.all(libs.map((lib) => converse(lib)))).toEqual([
    ECHOED,
    ECHOED
  ]);
});

test('spies on send() see what is sent', async () => {
  const wss = new first.WebSocketServer({ host: '127.0.0.1', port: 0 });

  await new Promise((resolve) => wss.on('listening', resolve));

  const ws = new first.WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const [peer] = await new Promise((resolve) =>
    wss.on('connection', (...args) => resolve(args))
  );
  const received = new Promise((resolve) => ws.on('message', resolve));
  const send = vi.spyOn(peer, 'send');

  peer.send('hello');
  expect(String(await received)).toBe('hello');
  expect(send).toHaveBeenCalledWith('hello');
  send.mockRestore();
  ws.terminate();
  await new Promise((resolve) => wss.close(resolve));
});
