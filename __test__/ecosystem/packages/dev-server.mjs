// webpack-dev-server: its own server of WebSockets on an http.Server that has other
// paths, and hosts and origins that it refuses.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import webpack from 'webpack';
import WebpackDevServer from 'webpack-dev-server';

import { once, say, WebSocket } from './help.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
const entry = path.join(folder, 'entry.js');

fs.writeFileSync(entry, 'console.log(1);');

const compiler = webpack({
  context: folder,
  entry,
  infrastructureLogging: { level: 'none' },
  mode: 'development',
  output: { path: folder }
});
const server = new WebpackDevServer(
  {
    allowedHosts: ['good.test'],
    host: '127.0.0.1',
    hot: true,
    port: 0,
    static: false,
    devMiddleware: { stats: 'none' }
  },
  compiler
);

await server.start();

const { port } = server.server.address();
const url = `ws://127.0.0.1:${port}/ws`;
const { got, ws } = await connect({ origin: `http://127.0.0.1:${port}` });

await until(() => got.includes('ok'));
say(got.filter((type) => type !== 'still-ok'));
got.length = 0;
fs.writeFileSync(entry, 'console.log(2);');
server.middleware.invalidate();
await until(() => got.includes('ok'));
say('compiled again', got.includes('hash'));
got.length = 0;
fs.writeFileSync(entry, 'console.log(;');
server.middleware.invalidate();
await until(() => got.includes('errors'));
say('errors');

// Hosts and origins.
for (const [name, options] of [
  [
    'a good host',
    { headers: { Host: 'good.test' }, origin: 'http://good.test' }
  ],
  ['another origin', { origin: 'http://bad.test' }],
  ['another host', { headers: { Host: 'bad.test' } }]
]) {
  const client = new WebSocket(url, options);
  const seen = [];

  client.on('open', () => seen.push('open'));
  client.on('message', (data) => seen.push(JSON.parse(data).type));
  client.on('error', (err) => seen.push(err.message));

  const code = await Promise.race([
    new Promise((resolve) => client.on('close', resolve)),
    until(() => seen.includes('errors'))
  ]);

  say(name, [...new Set(seen)], code);
  client.terminate();
}

say(
  (await (await fetch(`http://127.0.0.1:${port}/main.js`)).text()).length > 0
);

const closed = once(ws, 'close');

await server.stop();
say((await closed)[0]);
fs.rmSync(folder, { force: true, recursive: true });
// webpack keeps watching.
setTimeout(() => process.exit(), 100);

async function connect(options) {
  const ws = new WebSocket(url, options);
  const got = [];

  ws.on('message', (data) => got.push(JSON.parse(data).type));
  await once(ws, 'open');
  return { got, ws };
}

async function until(isSo) {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}
