'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');

const bench = path.join(__dirname, '..');
const program = path.join(bench, 'loadgen/target/release/ws-rs-loadgen');
const ws = path.join(bench, 'node_modules/ws');

// Both come with the first `npm run bench`.
const skip =
  existsSync(program) && existsSync(ws)
    ? false
    : 'the load generator or the peers are not installed';

/**
 * Runs the load generator against a server of npm ws that answers with `answer`.
 *
 * @param {(socket: WebSocket, data: Buffer, isBinary: boolean) => void} answer
 * @param {string} args
 * @param {Object} [options] For the server
 * @return {Promise<Object>} The report
 */
async function generate(answer, args, options) {
  const { WebSocketServer } = require(ws);
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    ...options
  });

  try {
    await new Promise((resolve) => server.on('listening', resolve));
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.on('message', (data, isBinary) => answer(socket, data, isBinary));
    });
    const address = `127.0.0.1:${server.address().port}`;
    const { stdout } = await promisify(execFile)(program, [
      ...['--address', address, '--warm-up', '0.01'],
      ...args.split(' ')
    ]);
    return JSON.parse(stdout);
  } finally {
    for (const client of server.clients) client.terminate();
    server.close();
  }
}

const echo = (socket, binary, isBinary) =>
  socket.send(binary, { binary: isBinary });

test(
  'an echo run counts messages and compares a part of them',
  {
    skip
  },
  async () => {
    const report = await generate(
      echo,
      '--connections 7 --size 300 --in-flight 5 --messages 2000'
    );
    assert.ok(report.messages >= 2000 && report.messages < 2100);
    assert.ok(report.content_checked >= 20 && report.content_checked <= 60);
    assert.ok(report.latency_us.p50 > 0);
    assert.ok(report.latency_us.p99 >= report.latency_us.p50);
  }
);

test(
  'long messages, text and compressed messages come through',
  {
    skip
  },
  async () => {
    for (const [args, options] of [
      ['--connections 2 --size 3000000 --messages 100'],
      ['--connections 2 --size 70000 --in-flight 3 --text --messages 500'],
      ['--connections 2 --size 0 --messages 500'],
      [
        '--connections 2 --size 5000 --deflate takeover --messages 300',
        { perMessageDeflate: { threshold: 0 } }
      ],
      [
        '--connections 1 --size 5000 --deflate no-takeover --messages 300',
        { perMessageDeflate: { threshold: 0 } }
      ]
    ]) {
      const report = await generate(echo, args, options);
      assert.ok(report.messages >= 100, args);
      assert.ok(report.content_checked > 0 || args.includes('--size 0'), args);
    }
  }
);

test(
  'a run at a set rate sends what is due, and counts an answer from when its message was due',
  {
    skip
  },
  async () => {
    const late = (socket, data) => setTimeout(() => socket.send(data), 30);
    const load = '--connections 5 --size 200 --rate 400 --seconds 1';
    const report = await generate(late, load);

    assert.strictEqual(report.rate, 400);
    // A Poisson process of 400 a second, the same each time; some answers of the warm-up are among them.
    assert.ok(report.messages > 200 && report.messages < 460);
    assert.ok(report.latency_us.p50 >= 30_000);
    assert.ok(report.latency_us.p999 >= report.latency_us.p99);
  }
);

test(
  'a server that does not keep up with a set rate ends the run with an error',
  {
    skip
  },
  async () => {
    await assert.rejects(
      generate(() => {}, '--connections 1 --size 20 --rate 20000 --seconds 9'),
      /does not keep up with --rate/
    );
  }
);

test(
  'a changed byte, length or type ends the run with an error',
  {
    skip
  },
  async () => {
    const load = '--connections 1 --size 200 --messages 1000';
    const flip = (socket, data) => {
      data[199] ^= 1;
      socket.send(data);
    };
    const shorten = (socket, data) => socket.send(data.subarray(1));
    const asText = (socket, data) => socket.send(data, { binary: false });

    await assert.rejects(generate(flip, load), /differs from what was sent/);
    await assert.rejects(generate(shorten, load), /sent 200 bytes, got 199/);
    await assert.rejects(generate(asText, load), /sent opcode 2, got 1 back/);
  }
);

test(
  'a changed byte in a compressed answer ends the run with an error',
  {
    skip
  },
  async () => {
    const flip = (socket, data) => {
      data[4999] ^= 1;
      socket.send(data);
    };

    await assert.rejects(
      generate(flip, '--connections 1 --size 5000 --deflate takeover', {
        perMessageDeflate: { threshold: 0 }
      }),
      /an inflated answer differs/
    );
  }
);

test(
  'a server that hangs up or declines the extension is an error',
  {
    skip
  },
  async () => {
    const load = '--connections 1 --size 200 --messages 10';

    await assert.rejects(
      generate((socket) => socket.terminate(), load),
      /closed a connection|reset/
    );
    await assert.rejects(
      generate(echo, `${load} --deflate takeover`),
      /permessage-deflate was offered, the server answered ""/
    );
  }
);
