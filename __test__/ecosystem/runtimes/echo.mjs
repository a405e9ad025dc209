import { connect, end, exchange, once, print, serve } from './help.mjs';

const wss = await serve();
const ws = await connect(wss.url);
const [peer] = wss.clients;
const seen = await exchange(
  ws,
  ...['', 'x', 'ünï', 'x'.repeat(2000), 'x'.repeat(100_000)],
  ...[Buffer.alloc(0), Buffer.alloc(70_000), new Uint8Array(1_000_000)]
);

const { transport } = ws;

// A burst, in order.
const numbers = [];

await new Promise((resolve) => {
  ws.on('message', (data) => {
    numbers.push(Number(data));
    if (numbers.length === 1000) resolve();
  });
  for (let i = 0; i < 1000; i++) ws.send(String(i));
});
ws.removeAllListeners('message');

ws.ping('beat');

const [pong] = await once(ws, 'pong');

ws.binaryType = 'arraybuffer';
ws.send(Buffer.from('abc'));

const [{ byteLength }] = await once(ws, 'message');

ws.binaryType = 'nodebuffer';
ws.send('frag', { fin: false });
ws.send('mented', { fin: true });

const [fragmented] = await once(ws, 'message');
const [callback, [last]] = await Promise.all([
  new Promise((resolve) => ws.send('last', resolve)),
  once(ws, 'message')
]);
const closed = once(peer, 'close').then(
  ([code, reason]) => `${code} ${reason}`
);

print({
  seen,
  inOrder: numbers.every((number, index) => number === index),
  pong: String(pong),
  byteLength,
  fragmented: String(fragmented),
  last: `${last} ${callback}`,
  client: await end(ws, wss),
  server: await closed,
  transport
});
