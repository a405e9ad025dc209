'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { createInterface } = require('node:readline');
const { describe, it } = require('node:test');
const { text } = require('node:stream/consumers');

const WebSocket = require('ws');

const { absent, TOOLS } = require('../support/tools');
const { isAvailable } = require('../../lib/wire/promotion');

const FOLDER = path.join(__dirname, 'frameworks');
const ALIAS = path.join(FOLDER, 'alias.js');
const RUN = path.join(FOLDER, 'run.js');

/** Whether connections are accepted natively where nobody minds. */
const isNative = isAvailable && process.env.WS_RS_ACCEPT !== 'node';

/** Programs, and whether their connections are accepted natively. */
const PROGRAMS = {
  bare: true,
  express: true,
  'express-ws': true,
  koa: true,
  fastify: true,
  '@fastify/websocket': false,
  nest: false,
  'socket.io': false,
  'http-terminator': false,
  stoppable: false,
  'a tracker of sockets': false,
  'a subclass of http.Server': false,
  'a patched prototype': false,
  'a sticky cluster': false,
  opentelemetry: false
};

/** The programs end when they are told to. */
const noSignals =
  process.platform === 'win32' && 'no program of Windows hears SIGTERM';

/** Socket.IO speaks first, and has a path of its own. */
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';

async function start(t, name) {
  const program = spawn(process.execPath, ['-r', ALIAS, RUN, name], {
    env: { ...process.env, NODE_DEBUG: 'ws-rs', NODE_PATH: TOOLS },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  const said = text(program.stderr);
  const exited = once(program, 'exit');
  const lines = createInterface({ input: program.stdout });

  t.after(() => program.kill('SIGKILL'));

  const [line] = await Promise.race([
    once(lines, 'line'),
    exited.then(async () => assert.fail(await said))
  ]);

  return {
    port: Number(line),
    async stop() {
      program.kill('SIGTERM');
      assert.deepStrictEqual(await exited, [0, null], await said);
      return said;
    }
  };
}

describe(
  'A program by means of frameworks, with this package as their ws',
  { skip: noSignals || absent('koa', 'fastify', '@nestjs/core') },
  () => {
    for (const [name, isLight] of Object.entries(PROGRAMS)) {
      it(`answers, echoes, and ends: ${name}`, async (t) => {
        const { port, stop } = await start(t, name);
        const page = await fetch(`http://127.0.0.1:${port}/`);

        assert.strictEqual(await page.text(), 'page');

        const isSocketIo = name === 'socket.io';
        const ws = new WebSocket(
          `ws://127.0.0.1:${port}${isSocketIo ? SOCKET_IO : '/ws'}`
        );
        const closed = once(ws, 'close');
        const messages = WebSocket.createWebSocketStream(ws, {
          readableObjectMode: true
        })[Symbol.asyncIterator]();
        const next = async () => String((await messages.next()).value);

        if (isSocketIo) {
          assert.match(await next(), /^0\{"sid"/);
          ws.send('40');
          assert.match(await next(), /^40\{"sid"/);
          ws.send('42["echo","hi"]');
          assert.strictEqual(await next(), '42["echo","hi"]');
        } else {
          await once(ws, 'open');
          ws.send('hi');
          assert.strictEqual(await next(), 'hi');
        }

        const said = await stop();

        await closed;
        assert.match(said, /connection 1 \(server/);
        assert.strictEqual(
          said.includes('accepted natively'),
          isLight && isNative
        );
      });
    }
  }
);
