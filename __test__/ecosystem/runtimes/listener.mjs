// An exception in a listener reaches the process, and the connection goes on.

import { connect, exchange, end, print, serve } from './help.mjs';

const wss = await serve();
const ws = await connect(wss.url);
const caught = new Promise((resolve) =>
  process.once('uncaughtException', resolve)
);

ws.once('message', () => {
  throw new Error('from a listener');
});
ws.send('x');

const { message } = await caught;

print({ message, seen: await exchange(ws, 'y'), end: await end(ws, wss) });
