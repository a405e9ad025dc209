import http from 'node:http';

import {
  connect,
  exchange,
  once,
  print,
  WebSocket,
  WebSocketServer
} from './help.mjs';

const one = new WebSocketServer({ noServer: true });
const two = new WebSocketServer({
  noServer: true,
  handleProtocols: (protocols) => [...protocols].at(-1)
});
const server = http.createServer((request, response) => response.end('page'));
const headers = [];

for (const wss of [one, two]) {
  wss.on('connection', (ws, request) => {
    headers.push(request.headers['x-mine']);
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
}
server.on('upgrade', (request, socket, head) => {
  const wss = { '/one': one, '/two': two }[request.url];

  if (!wss) {
    socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    return;
  }
  wss.handleUpgrade(request, socket, head, (ws) => {
    wss.emit('connection', ws, request);
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');

const { port } = server.address();
const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
const first = await connect(`ws://127.0.0.1:${port}/one`, {
  headers: { 'X-Mine': 'yes' }
});
const second = new WebSocket(`ws://127.0.0.1:${port}/two`, ['a', 'b']);

await once(second, 'open');

const third = new WebSocket(`ws://127.0.0.1:${port}/three`);
const refused = await new Promise((resolve) => {
  third.on('error', (err) => resolve(err.message));
});
const fourth = new WebSocket(`ws://127.0.0.1:${port}/three`);
const status = await new Promise((resolve) => {
  fourth.on('error', (err) => resolve(`error ${err.message}`));
  fourth.on('unexpected-response', (request, response) => {
    resolve(response.statusCode);
    request.destroy();
  });
});
const seen = [await exchange(first, 'x'), await exchange(second, 'y')];
const result = {
  page,
  headers,
  protocol: second.protocol,
  refused,
  status,
  seen
};

first.terminate();
second.terminate();
await Promise.all([once(first, 'close'), once(second, 'close')]);
server.close();
print(result);
