// @react-native/dev-middleware: a proxy between devices and debuggers, with
// servers of WebSockets that share an http.Server, and a heartbeat of its own.

import http from 'node:http';

import { createDevMiddleware } from '@react-native/dev-middleware';

import { once, say, WebSocket } from './help.mjs';

const server = http.createServer((request, response) => {
  middleware(request, response, () => response.end('other'));
});

await once(server.listen(0, '127.0.0.1'), 'listening');

const { port } = server.address();
const logger = { error() {}, info() {}, warn() {} };
const { middleware, websocketEndpoints } = createDevMiddleware({
  logger,
  serverBaseUrl: `http://127.0.0.1:${port}`
});

server.on('upgrade', (request, socket, head) => {
  const wss = websocketEndpoints[new URL(request.url, 'http://x').pathname];

  if (wss === undefined) socket.destroy();
  else {
    wss.handleUpgrade(request, socket, head, (ws) =>
      wss.emit('connection', ws, request)
    );
  }
});
say(Object.keys(websocketEndpoints));

const device = new WebSocket(
  `ws://127.0.0.1:${port}/inspector/device?name=phone&app=app&device=d1`
);
const events = [];

device.on('message', (data) => {
  const { event, payload } = JSON.parse(data);

  events.push(event);
  if (event === 'getPages') {
    device.send(
      JSON.stringify({
        event,
        payload: [
          {
            app: 'app',
            capabilities: {},
            id: 'p1',
            title: 'Page',
            vm: 'Hermes'
          }
        ]
      })
    );
  } else if (event === 'wrappedEvent') {
    const { id, method, params } = JSON.parse(payload.wrappedEvent);

    device.send(
      JSON.stringify({
        event,
        payload: {
          pageId: 'p1',
          wrappedEvent: JSON.stringify({
            id,
            result: { length: JSON.stringify(params ?? {}).length, method }
          })
        }
      })
    );
  }
});
await once(device, 'open');
await until(() => events.includes('getPages'));

let pages;

await until(async () => {
  pages = await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
  return pages.length > 0;
});
say(pages.map(({ title, id, description }) => [title, id, description]));

const url = pages[0].webSocketDebuggerUrl;
const debug = new WebSocket(
  url.replace(/^ws:\/\/[^/]+/, `ws://127.0.0.1:${port}`),
  { origin: `http://127.0.0.1:${port}` }
);
const results = new Map();

debug.on('message', (data) => {
  const { id, result } = JSON.parse(data);

  if (id !== undefined) results.set(id, result);
});
await once(debug, 'open');
say(debug.extensions);
for (let id = 1; id <= 200; id++) {
  debug.send(
    JSON.stringify({
      id,
      method: 'Own.method',
      params: { text: 'x'.repeat(id * 100) }
    })
  );
}
await until(() => results.size === 200);
say(
  [...results.keys()].every((id, i) => id === i + 1),
  results.get(200)
);

// A second device of the same name takes the place of the first.
const closed = new Promise((resolve) =>
  device.on('close', (code, reason) => resolve([code, String(reason)]))
);
const debugClosed = new Promise((resolve) =>
  debug.on('close', (code, reason) => resolve([code, String(reason)]))
);
const second = new WebSocket(
  `ws://127.0.0.1:${port}/inspector/device?name=phone&app=app&device=d1`
);

await once(second, 'open');
say(await closed);
second.close(1000);
await once(second, 'close');
say(await debugClosed);

const none = new WebSocket(
  `ws://127.0.0.1:${port}/inspector/debug?device=none&page=1`,
  { origin: `http://127.0.0.1:${port}` }
);

say(
  await new Promise((resolve) =>
    none.on('close', (code, reason) => resolve([code, String(reason)]))
  )
);
for (const ws of [none, debug, device]) ws.terminate();
server.close();
server.closeAllConnections();
// It keeps an interval.
setTimeout(() => process.exit(), 100);

async function until(isSo) {
  while (!(await isSo())) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
