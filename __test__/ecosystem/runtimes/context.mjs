import { AsyncLocalStorage } from 'node:async_hooks';

import { end, once, print, serve, WebSocket } from './help.mjs';

const storage = new AsyncLocalStorage();
const wss = await serve();
const ws = storage.run('mine', () => new WebSocket(wss.url));

await once(ws, 'open');

const event = new Promise((resolve) => {
  ws.on('message', () => resolve(String(storage.getStore())));
});
const callback = new Promise((resolve) => {
  storage.run('callback', () => {
    ws.send('x', () => resolve(String(storage.getStore())));
  });
});

print({
  callback: await callback,
  event: await event,
  end: await end(ws, wss)
});
