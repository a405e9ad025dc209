import http from 'node:http';
import net from 'node:net';

import { once, print, serve, WebSocket } from './help.mjs';

const results = {};
const wss = await serve({
  verifyClient: ({ req }) => req.url !== '/no',
  maxPayload: 1000
});

wss.on('connection', (peer) => {
  peer.on('error', (err) => (results.peer = err.code));
});

/** How a client ends that cannot open. */
const fails = (url, options) =>
  new Promise((resolve) => {
    const ws = new WebSocket(url, options);
    let message;

    ws.on('error', (err) => (message = err.code ?? err.message));
    ws.on('close', (code) => resolve(`${message} ${code}`));
  });

results.refused = await fails(`${wss.url}/no`);
results.nobody = await fails('ws://127.0.0.1:1');

// One that never answers.
const silent = net.createServer(() => {}).listen(0, '127.0.0.1');

await once(silent, 'listening');
results.silent = await fails(`ws://127.0.0.1:${silent.address().port}`, {
  handshakeTimeout: 100
});
silent.close();

// A redirect.
const redirect = http.createServer().listen(0, '127.0.0.1');

redirect.on('upgrade', (request, socket) => {
  socket.end(`HTTP/1.1 302 Found\r\nLocation: ${wss.url}/yes\r\n\r\n`);
});
await once(redirect, 'listening');

const ws = new WebSocket(`ws://127.0.0.1:${redirect.address().port}`, {
  followRedirects: true
});

results.opened = await new Promise((resolve) => {
  ws.on('open', () => resolve(true));
  ws.on('error', (err) => resolve(err.message));
});
if (ws.readyState === WebSocket.OPEN) {
  // As in a browser.
  const received = new Promise((resolve) => (ws.onmessage = resolve));

  ws.send('hello');
  results.event = (await received).data;

  // Too long for the server.
  ws.send('x'.repeat(1001));
  results.tooLong = (await once(ws, 'close'))[0];
}
redirect.close();
wss.close();
print(results);
