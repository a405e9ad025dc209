// What the programs of this folder have in common.

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';

import WebSocket, { WebSocketServer } from 'ws';

export { delay, once, WebSocket, WebSocketServer };

/** Prints what has to be the same with every implementation. */
export function say(...values) {
  console.log(line(values));
}

const notes = [];

/**
 * The same for the other end, whose lines come last: nothing says which of two
 * ends hears of something first.
 */
export function note(...values) {
  notes.push(line(values));
}

process.on('exit', () => {
  for (const line of notes) console.log(line);
});

function line(values) {
  return values
    .map((value) =>
      typeof value === 'string'
        ? value
        : inspect(value, { breakLength: Infinity, depth: 5 })
    )
    .join(' ');
}

/** A server whose connections `onConnection` gets. */
export async function serve(onConnection, options) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });

  wss.on('connection', onConnection);
  await once(wss, 'listening');
  return { port: wss.address().port, wss };
}

/** Ends a server and whoever is connected, after all have been told. */
export async function stop(wss) {
  await Promise.all(
    [...wss.clients].map((ws) => {
      const closed = new Promise((resolve) => ws.on('close', resolve));

      ws.terminate();
      return closed;
    })
  );
  await new Promise((resolve) => wss.close(resolve));
}

/** What of a request says how the client asked. */
export function asked(request) {
  const { host, 'sec-websocket-key': key, ...headers } = request.headers;

  return {
    url: request.url,
    headers,
    has: [/^[\w.]+:\d+$/.test(host), key?.length]
  };
}
