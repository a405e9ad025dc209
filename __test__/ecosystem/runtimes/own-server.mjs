// A server that is the runtime's own, and not of node:http.

import { print, WebSocketServer } from './help.mjs';

const answer = () => new Response('page');
const server = globalThis.Bun
  ? Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: answer })
  : Deno.serve({ hostname: '127.0.0.1', port: 0, onListen() {} }, answer);

try {
  new WebSocketServer({ server });
} catch (err) {
  print(`${err.name}: ${err.message}`);
}

process.exit();
