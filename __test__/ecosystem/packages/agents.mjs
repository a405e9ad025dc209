// Clients by way of proxies: agents that make sockets of their own, plain and
// with TLS on top, and proxies that refuse or go away.

import http from 'node:http';
import https from 'node:https';
import net from 'node:net';

import { HttpsProxyAgent } from 'https-proxy-agent';
import { SocksProxyAgent } from 'socks-proxy-agent';
import selfSigned from '../../../examples/self-signed.js';

import {
  asked,
  note,
  once,
  say,
  stop,
  WebSocket,
  WebSocketServer
} from './help.mjs';

const { cert, key } = selfSigned.selfSigned();
const servers = [http.createServer(), https.createServer({ cert, key })];
const sockets = new Set();

for (const server of servers) {
  await once(server.listen(0, '127.0.0.1'), 'listening');

  const wss = new WebSocketServer({ server, perMessageDeflate: true });

  wss.on('connection', (ws, request) => {
    note(asked(request));
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  });
  server.wss = wss;
}

const proxy = http.createServer().on('connect', onConnect);
const socks = net.createServer(onSocks);

for (const each of [proxy, socks]) {
  each.on('connection', (socket) => sockets.add(socket));
  await once(each.listen(0, '127.0.0.1'), 'listening');
}

const url = `http://me:pw@127.0.0.1:${proxy.address().port}`;
const agents = {
  'by CONNECT': () =>
    new HttpsProxyAgent(url, { headers: { 'X-Proxy': 'yes' } }),
  'by SOCKS': () =>
    new SocksProxyAgent(`socks5://127.0.0.1:${socks.address().port}`)
};

for (const [name, make] of Object.entries(agents)) {
  for (const server of servers) {
    const scheme = server === servers[0] ? 'ws' : 'wss';
    const target = `${scheme}://127.0.0.1:${server.address().port}/${scheme}`;
    const ws = new WebSocket(target, {
      agent: make(),
      rejectUnauthorized: false
    });
    const got = [];

    ws.on('message', (data) => got.push(data.length));
    await once(ws, 'open');
    for (const length of [0, 1, 1000, 100_000, 1_000_000]) {
      ws.send('x'.repeat(length));
    }
    while (got.length < 5) await once(ws, 'message');
    say(name, scheme, got, ws.extensions, ws._socket.encrypted === true);

    if (name === 'by SOCKS') ws.close(1000, 'bye');
    // The proxy goes away.
    else for (const socket of sockets) socket.destroy();

    const [code, reason] = await once(ws, 'close');

    say(code, String(reason));
    sockets.clear();
  }
}

for (const target of [
  'ws://refused.test/',
  'wss://refused.test/',
  'ws://silent.test/'
]) {
  const ws = new WebSocket(target, {
    agent: new HttpsProxyAgent(url),
    handshakeTimeout: 300
  });
  const failures = [];

  ws.on('error', (err) => failures.push(err.message));
  ws.on('unexpected-response', (request, response) => {
    failures.push(response.statusCode);
    ws.terminate();
  });

  // once() would fail with the 'error' that comes before.
  const code = await new Promise((resolve) => ws.on('close', resolve));

  say(target, failures, code);
}

for (const socket of sockets) socket.destroy();
for (const server of servers) {
  await stop(server.wss);
  server.close();
}
proxy.close();
socks.close();

function onConnect(request, socket, head) {
  const [host, port] = request.url.split(':');

  note(
    'connect',
    host,
    request.headers['proxy-authorization'],
    request.headers['x-proxy'],
    head.length
  );
  if (host === 'silent.test') {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    return;
  }
  if (host === 'refused.test') {
    socket.end('HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nbody');
    return;
  }
  join(
    socket,
    net.connect(port, host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    })
  );
}

async function onSocks(socket) {
  await once(socket, 'data');
  socket.write(Buffer.from([5, 0]));

  const [request] = await once(socket, 'data');
  const port = request.readUInt16BE(request.length - 2);

  note('socks', request[1], request[3]);
  join(
    socket,
    net.connect(port, '127.0.0.1', () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    })
  );
}

function join(one, other) {
  for (const socket of [one, other]) socket.on('error', () => {});
  one.pipe(other).pipe(one);
  one.on('close', () => other.destroy());
  other.on('close', () => one.destroy());
}
