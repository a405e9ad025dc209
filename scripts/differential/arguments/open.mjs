// Connections in every form: the WebSocket under test, and the raw end of its peer.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { duplexPair } from '../run/duplex-pair.mjs';
import { Peer } from './peer.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const OFFER =
  'permessage-deflate; client_no_context_takeover; server_no_context_takeover';

const listening = (server, ...where) =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(...where, () => {
      server.removeListener('error', reject);
      resolve(server.address());
    });
  });

/**
 * @param {Run} run Gets `wss`, and `peer` when it is there
 * @return {Promise<WebSocket>} A server's side, open
 */
export async function openServer(run) {
  const { scenario, WebSocket } = run;
  const { topology, mode } = scenario;
  const options = {
    ...(mode.deflate && { perMessageDeflate: { threshold: 0 } }),
    ...run.make(scenario.options ?? {})
  };
  let server = null;
  let where = ['127.0.0.1'];

  if (topology === 'light' || topology === 'touched') {
    options.port = 0;
    options.host = '127.0.0.1';
  } else if (topology === 'noServer' || topology === 'duplex') {
    options.noServer = true;
    if (topology === 'noServer') server = http.createServer();
  } else {
    server =
      topology === 'tls'
        ? https.createServer(run.env.tls)
        : http.createServer();
    options.server = server;
  }
  if (topology === 'unix') where = [];

  const wss = new WebSocket.Server(options);
  run.wss = wss;
  run.names.set(wss, 'wss');
  const opened = new Promise((resolve) => {
    wss.on('connection', (ws) => resolve(ws));
  });
  run.endings.push(() => {
    for (const ws of wss.clients ?? []) ws.terminate();
    wss.close();
    server?.close();
    server?.closeAllConnections();
  });

  if (topology === 'duplex') {
    const [a, b] = duplexPair(scenario.seed, false);
    a.on('error', () => {});
    b.on('error', () => {});
    run.peer = new Peer(run, b, true);
    wss.handleUpgrade(fakeRequest(mode.deflate), a, Buffer.alloc(0), (ws) =>
      wss.emit('connection', ws)
    );
    const ws = await opened;
    run.prepare(ws);
    await run.peer.head;
    return ws;
  }
  if (topology === 'noServer') {
    server.on('upgrade', (request, socket, head) => {
      wss.handleUpgrade(request, socket, head, (ws) =>
        wss.emit('connection', ws, request)
      );
    });
  }
  wss.prependListener('connection', (ws) => {
    if (topology === 'touched') ws._socket.on('timeout', () => {});
    run.prepare(ws);
  });
  if (topology === 'unix') where = [socketName()];
  let address;
  if (server) {
    address = await listening(
      server,
      ...(topology === 'unix' ? where : [0, ...where])
    );
  } else {
    if (!wss.address()) await new Promise((r) => wss.once('listening', r));
    address = wss.address();
  }
  const socket =
    topology === 'unix'
      ? net.connect(where[0])
      : topology === 'tls'
        ? tls.connect({
            port: address.port,
            host: '127.0.0.1',
            rejectUnauthorized: false
          })
        : net.connect(address.port, '127.0.0.1');
  run.peer = new Peer(run, socket, true);
  socket.write(
    'GET /path HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n` +
      (mode.deflate ? `Sec-WebSocket-Extensions: ${OFFER}\r\n` : '') +
      '\r\n'
  );
  const ws = await opened;
  await run.peer.head;
  return ws;
}

/** @return {Promise<WebSocket>} A client, that waits for `run.answer()` */
export async function openClient(run) {
  const { scenario, WebSocket } = run;
  const { topology, mode } = scenario;
  const options = {
    perMessageDeflate: Boolean(mode.deflate),
    rejectUnauthorized: false,
    ...run.make(scenario.options ?? {})
  };
  let url;
  const accepted = new Promise((resolve) => {
    if (topology === 'duplex') {
      const [a, b] = duplexPair(scenario.seed, false);
      a.on('error', () => {});
      b.on('error', () => {});
      options.createConnection = () => a;
      url = 'ws://duplex/';
      resolve(b);
      return;
    }
    run.env.accept = resolve;
  });
  if (topology === 'unix') url = `ws+unix:${run.env.sock}:/path`;
  else if (topology === 'tls') url = `wss://127.0.0.1:${run.env.secure}/path`;
  else url ??= `ws://127.0.0.1:${run.env.raw}/path`;

  const ws = new WebSocket(url, options);
  run.prepare(ws);
  const socket = await accepted;
  run.peer = new Peer(run, socket, false);
  const request = await run.peer.head;
  const key = /sec-websocket-key: (.*)\r/i.exec(request)?.[1];
  run.answer = () => {
    run.answer = () => {};
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${createHash('sha1')
          .update(key + GUID)
          .digest('base64')}\r\n` +
        (mode.deflate ? `Sec-WebSocket-Extensions: ${OFFER}\r\n` : '') +
        '\r\n'
    );
  };
  return ws;
}

/** Starts the raw servers that all clients of the process use. */
export async function prepare(env) {
  const take = (socket) => {
    socket.on('error', () => {});
    const { accept } = env;
    env.accept = null;
    if (accept) accept(socket);
    else socket.destroy();
  };
  const options = { allowHalfOpen: true, noDelay: true };
  const raw = net.createServer(options, take);
  const secure = tls.createServer({ ...env.tls, ...options }, take);
  const unix = net.createServer(options, take);

  secure.on('tlsClientError', () => {});
  env.raw = (await listening(raw, 0, '127.0.0.1')).port;
  env.secure = (await listening(secure, 0, '127.0.0.1')).port;
  env.sock = socketName();
  await listening(unix, env.sock);
  for (const server of [raw, secure, unix]) server.unref();
}

let folder;
let count = 0;
function socketName() {
  if (folder === undefined) {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'args'));
    process.on('exit', () =>
      fs.rmSync(folder, { force: true, recursive: true })
    );
  }
  return path.join(folder, `s${count++}`);
}

function fakeRequest(deflate) {
  return {
    method: 'GET',
    url: '/path',
    socket: {},
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': KEY,
      'sec-websocket-version': '13',
      ...(deflate && { 'sec-websocket-extensions': OFFER })
    }
  };
}
