'use strict';

/**
 * Tests a server and a client of this package against the Python package
 * `websockets`. Without that package nothing is tested, and the reason given.
 *
 *   node scripts/test-python-peer.js [python, default python3]
 *
 * To have the package without installing it for everybody:
 *
 *   python3 -m venv venv && venv/bin/pip install websockets
 *   node scripts/test-python-peer.js venv/bin/python
 */

const assert = require('node:assert');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');

const { sendMixture } = require('../__test__/support/mixture.js');
const { ROOT } = require('./run');

const HOST = '127.0.0.1';
const PROGRAM = path.join(__dirname, 'python-peer.py');
const CLOSE_CODE = 4001;

const python = process.argv[2] ?? 'python3';
const { error, stdout } = spawnSync(
  python,
  ['-c', 'import websockets; print(websockets.__version__)'],
  { encoding: 'utf8' }
);

if (error || stdout === '') {
  const reason = error?.message ?? `${python} has no package "websockets"`;

  console.log(`test-python-peer: skipped, ${reason}`);
} else {
  console.log(`test-python-peer: websockets ${stdout.trim()}`);
  testAll().catch((err) => {
    console.error(err);
    process.exitCode = 1;
  });
}

async function testAll() {
  const WebSocket = require(path.join(ROOT, 'index.js'));

  for (const compression of ['none', 'deflate']) {
    const perMessageDeflate = compression === 'deflate' && { threshold: 0 };
    const options = { maxPayload: 0, perMessageDeflate };

    await testServer(WebSocket, compression, options);
    console.log(
      `ok: Python's client at our server, compression ${compression}`
    );
    await testClient(WebSocket, compression, options);
    console.log(
      `ok: our client at Python's server, compression ${compression}`
    );
  }
}

/**
 * Python sends and checks the echoes; our server echoes, and sends a mixture of
 * what is for all and what is not.
 */
async function testServer(WebSocket, compression, options) {
  const wss = new WebSocket.Server({ host: HOST, port: 0, ...options });
  const closes = [];

  wss.on('connection', (ws) => {
    ws.on('message', (data, isBinary) => {
      if (String(data) === 'mixture') sendMixture(wss, ws);
      else ws.send(data, { binary: isBinary });
    });
    ws.on('close', (code, reason) => closes.push([code, String(reason)]));
  });
  await once(wss, 'listening');

  const url = `ws://${HOST}:${wss.address().port}`;
  const peer = spawn(python, [PROGRAM, 'client', compression, url], {
    stdio: 'inherit'
  });
  const [status] = await once(peer, 'close');

  wss.close();
  assert.strictEqual(status, 0, 'the Python client failed');
  assert.deepStrictEqual(closes, [[CLOSE_CODE, 'done']]);
}

/** We send and check the echoes; Python's server echoes. */
async function testClient(WebSocket, compression, options) {
  const peer = spawn(python, [PROGRAM, 'server', compression], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  const ended = once(peer, 'close');
  const [port] = await once(readline.createInterface(peer.stdout), 'line');
  const ws = new WebSocket(`ws://${HOST}:${port}`, options);
  const sent = [0, 1, 125, 126, 65535, 65536, 2 ** 20].flatMap((length) => [
    'é0123456789'.repeat(length).slice(0, length),
    Buffer.from(Array.from({ length }, (_, i) => i * 7))
  ]);
  const received = [];

  ws.on('message', (data, isBinary) => {
    received.push(isBinary ? data : String(data));
    if (received.length === sent.length + 1) ws.close(CLOSE_CODE, 'done');
  });
  await once(ws, 'open');
  assert.strictEqual(
    ws.extensions,
    compression === 'deflate' ? 'permessage-deflate' : ''
  );

  for (const item of sent) ws.send(item);
  ws.send('in ', { fin: false });
  ws.ping('between');
  ws.send('parts');

  const [[ponged], [code, reason]] = await Promise.all([
    once(ws, 'pong'),
    once(ws, 'close')
  ]);

  peer.stdin.end();
  assert.strictEqual((await ended)[0], 0, 'the Python server failed');
  assert.deepStrictEqual(received, [...sent, 'in parts']);
  assert.strictEqual(String(ponged), 'between');
  assert.deepStrictEqual([code, String(reason)], [CLOSE_CODE, 'done']);
}
