'use strict';

/**
 * Sends one text and one compressed binary message to itself and back. For
 * platforms where CI has no time or means for more; needs no node_modules.
 *
 *   node scripts/smoke-test.js [folder of a package; default: this one]
 */

const assert = require('node:assert');
const path = require('node:path');

const { WebSocket, WebSocketServer } = require(
  path.resolve(process.argv[2] ?? path.join(__dirname, '..'))
);

const LARGE = Buffer.alloc(100_000, 'ws-rs');
const expected = [
  { data: Buffer.from('text é'), isBinary: false },
  { data: LARGE, isBinary: true }
];
let transports;

const server = new WebSocketServer(
  { host: '127.0.0.1', perMessageDeflate: true, port: 0 },
  () => {
    const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);

    client.on('open', () => {
      client.send('text é');
      client.send(LARGE);
    });
    client.on('message', (data, isBinary) => {
      assert.deepStrictEqual({ data, isBinary }, expected.shift());
      if (expected.length > 0) return;
      const [peer] = server.clients;
      transports = `server ${peer.transport}, client ${client.transport}`;
      client.close(1000, 'done');
    });
    client.on('close', (code) => {
      assert.strictEqual(code, 1000);
      server.close();
    });
  }
);

server.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});
process.on('exit', (code) => {
  if (code === 0) {
    assert.strictEqual(expected.length, 0);
    console.log(
      `ok: ${process.platform} ${process.arch} ${process.version}, ${transports}`
    );
  }
});
