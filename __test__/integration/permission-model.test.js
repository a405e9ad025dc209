'use strict';

/* global once, serve, WebSocketServer -- the programs begin with them */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { evaluate, ROOT } = require('../support/programs');

const has = (flag) => process.allowedNodeEnvironmentFlags.has(flag);

/** What a program needs for its files and for the addon. */
const BASE = [
  has('--permission') ? '--permission' : '--experimental-permission',
  `--allow-fs-read=${ROOT}${path.sep}`,
  // Where the folder of a checkout's packages may be a link to.
  `--allow-fs-read=${fs.realpathSync(path.join(ROOT, 'node_modules/ws'))}${path.sep}`,
  '--allow-addons'
];
const NET = has('--allow-net') ? ['--allow-net'] : [];

const skip =
  NET.length === 0 && `${process.version} has no --allow-net: all may`;

/** Echoes a text and a compressed binary message; resolves with what came. */
async function echo() {
  const wss = await serve({ perMessageDeflate: { threshold: 0 } });
  const ws = new WebSocket(wss.url);
  const came = [];

  wss.on('connection', (peer) => {
    peer.on('message', (data, binary) => peer.send(data, { binary }));
  });
  await once(ws, 'open');
  for (const data of ['text', Buffer.alloc(100_000, 'ab')]) {
    ws.send(data);
    const [message, binary] = await once(ws, 'message');
    came.push([message.length, binary]);
  }
  ws.close();
  await once(ws, 'close');
  wss.close();
  console.log(JSON.stringify({ came, transport: ws.transport }));
}

const ECHOED = [
  [4, false],
  [100_000, true]
];

describe("A program under Node's permission model", () => {
  it('works with --allow-addons, and --allow-net where Node has it, reading its own folder alone', async () => {
    const { came, transport } = await evaluate(echo, {
      flags: [...BASE, ...NET]
    });

    assert.deepStrictEqual(came, ECHOED);
    assert.ok(['loop', 'stream'].includes(transport));
  });

  it('works in a worker with --allow-worker', async () => {
    const came = await evaluate(
      async (main) => {
        const { Worker } = require('node:worker_threads');
        const { PRELUDE } = require('./__test__/support/programs');
        const report = `require('node:worker_threads').parentPort.postMessage`;
        const source = main.replace('console.log', report);
        const worker = new Worker(`${PRELUDE}(${source})()`, { eval: true });
        const [message] = await once(worker, 'message');

        console.log(JSON.stringify(JSON.parse(message).came));
      },
      { argument: String(echo), flags: [...BASE, ...NET, '--allow-worker'] }
    );

    assert.deepStrictEqual(came, ECHOED);
  });

  it(
    'hears of --allow-net from a server that may not listen, as with ws',
    { skip },
    async () => {
      const [ours, theirs] = await evaluate(
        () => {
          const errors = [WebSocketServer, require('ws').WebSocketServer].map(
            (Server) => {
              try {
                return new Server({ port: 0 }).address();
              } catch ({ code, message }) {
                return { code, message };
              }
            }
          );

          console.log(JSON.stringify(errors));
        },
        { flags: BASE }
      );

      assert.strictEqual(ours.code, 'ERR_ACCESS_DENIED');
      assert.match(ours.message, /--allow-net/);
      assert.deepStrictEqual(ours, theirs);
    }
  );

  it(
    'hears of --allow-net from a client that may not connect, as with ws',
    { skip },
    async () => {
      const [ours, theirs] = await evaluate(
        async () => {
          const ends = [];

          for (const Client of [WebSocket, require('ws')]) {
            const client = new Client('ws://127.0.0.1:9');
            const closed = new Promise((resolve) =>
              client.on('close', resolve)
            );
            const [{ code, message }] = await once(client, 'error');

            ends.push({ code, message, close: await closed });
          }
          console.log(JSON.stringify(ends));
        },
        { flags: BASE }
      );

      assert.strictEqual(ours.code, 'ERR_ACCESS_DENIED');
      assert.match(ours.message, /--allow-net/);
      assert.strictEqual(ours.close, 1006);
      assert.deepStrictEqual(ours, theirs);
    }
  );
});
