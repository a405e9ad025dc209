/** What the programs of this folder share. */

import { once } from 'node:events';

import { WebSocket, WebSocketServer } from 'ws-rs';

export { once, WebSocket, WebSocketServer };

/** Starts a server on loopback that echoes; `url` is where it is. */
export async function serve(options) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });

  wss.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
  await once(wss, 'listening');
  wss.url = `ws://127.0.0.1:${wss.address().port}`;
  return wss;
}

/** Opens a connection. */
export async function connect(url, options) {
  const ws = new WebSocket(url, options);

  await once(ws, 'open');
  return ws;
}

/** Sends messages there and back; gives what came, in words. */
export async function exchange(ws, ...messages) {
  const seen = [];

  for (const message of messages) {
    ws.send(message);

    const [data, isBinary] = await once(ws, 'message');

    seen.push(`${isBinary ? 'binary' : 'text'} ${data.length}`);
  }

  return seen;
}

/** Closes both; gives the code and reason that the client saw. */
export async function end(ws, wss) {
  ws.close(1000, 'done');

  const [code, reason] = await once(ws, 'close');

  wss.close();
  await once(wss, 'close');
  return `${code} ${reason}`;
}

export function print(value) {
  console.log(JSON.stringify(value));
}
