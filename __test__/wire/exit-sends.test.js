'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { describe, it } = require('node:test');

const { MASK, TEXT, frame } = require('../support/frames');
const { SLOWNESS } = require('../support/machine');
const { upgradeRequest } = require('../support/raw-http');

const ROOT = path.join(__dirname, '../..');
/** More than are watched one by one: so they have their turns in a batch. */
const PEERS = 8;
/** With three the last is the fourth of its tick: the first that would wait for others. */
const SENDS = [3, 6];

/**
 * The program: the third message has it exit, with a listener that sends, and that comes behind
 * those of the package.
 */
function serve(sends, isBinary) {
  const { WebSocketServer } = require(
    require('node:path').resolve(process.env.WS_RS_TEST_IMPLEMENTATION || '.')
  );
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () =>
    console.log(wss.address().port)
  );
  const form = (text) => (isBinary ? Buffer.from(text) : text);
  let count = 0;

  wss.on('connection', (ws) => {
    ws.on('message', () => {
      ws.send(form(`answer ${++count}`));
      if (count !== 3) return;

      process.on('exit', () => {
        for (let i = 0; i < sends; i++) ws.send(form(`exit ${i}`));
      });
      process.exit();
    });
  });
}

/** All that the peers get behind the answers to their handshakes. */
async function play(t, sends, isBinary) {
  const program = spawn(
    process.execPath,
    ['-e', `(${serve})(${sends}, ${isBinary})`],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] }
  );

  t.after(() => program.kill('SIGKILL'));

  const [port] = await once(program.stdout, 'data');
  const texts = Array(PEERS).fill('');
  const sockets = [];
  const ends = [];

  for (let i = 0; i < PEERS; i++) {
    const socket = net.connect(Number(port), '127.0.0.1');

    // What a process has not read when it exits has its system reset the connection.
    socket.on('error', () => {});
    ends.push(new Promise((resolve) => socket.once('close', resolve)));
    socket.write(upgradeRequest({}));
    await once(socket, 'data');
    socket.on('data', (data) => (texts[i] += data.toString('latin1')));
    sockets.push(socket);
  }
  for (const socket of sockets) socket.write(frame(TEXT, 'go', { mask: MASK }));

  const [[code]] = await Promise.all([once(program, 'exit'), ...ends]);

  assert.strictEqual(code, 0);
  return texts.join('');
}

describe("What a listener of 'exit' sends, in the midst of a turn,", () => {
  for (const sends of SENDS) {
    for (const isBinary of [true, false]) {
      const form = isBinary ? 'bytes' : 'text';

      it(
        `reaches its peer: ${sends} times ${form}`,
        { timeout: 60_000 * SLOWNESS },
        async (t) => {
          const text = await play(t, sends, isBinary);

          for (let i = 1; i <= 3; i++) {
            assert.match(text, RegExp(`answer ${i}`));
          }
          for (let i = 0; i < sends; i++) {
            assert.match(text, RegExp(`exit ${i}`));
          }
        }
      );
    }
  }
});
