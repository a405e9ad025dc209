'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { WebSocketServer } = require('../..');
const { readHead, ROLES, start } = require('../support/conversation');
const { frame, MASK, TEXT } = require('../support/frames');
const { openOnLoop, skip, turns } = require('../support/loop');
const { eventually } = require('../support/patience');
const { upgradeRequest } = require('../support/raw-http');

/** Node sends neither urgent data nor, over such sockets, descriptors. */
const PYTHON = 'python3';

const skipSending =
  skip ||
  (spawnSync(PYTHON, ['-c', 'import socket; socket.send_fds']).status !== 0 &&
    `no ${PYTHON} that has socket.send_fds()`);
const skipUrgent =
  skipSending ||
  (process.platform !== 'linux' &&
    'urgent data comes with the other bytes here');

/**
 * Runs lines of Python in which `s` is a socket of this process, and `one` and
 * `two` are frames. As the event loop stands still meanwhile, it finds all that
 * they sent at once.
 */
function sendWith(socket, lines, one, two) {
  const source = [
    'import os, socket, sys',
    's = socket.socket(fileno=3)',
    'one, two = map(bytes.fromhex, sys.argv[1:])',
    ...lines,
    's.detach()'
  ].join('\n');
  const { status, stderr } = spawnSync(
    PYTHON,
    ['-c', source, one.toString('hex'), two.toString('hex')],
    { stdio: ['ignore', 'ignore', 'pipe', socket._handle.fd] }
  );

  assert.strictEqual(status, 0, String(stderr));
}

describe('A read that ends before the bytes do', { skip: skipSending }, () => {
  for (const role of ROLES) {
    it(
      `at urgent data does not keep the ${role} from the rest`,
      { skip: skipUrgent },
      async (t) => {
        const conversation = await openOnLoop(await start(t, role));
        const { events, socket, ws } = conversation;

        sendWith(
          socket,
          ['s.sendall(one)', "s.send(b'!', socket.MSG_OOB)", 's.sendall(two)'],
          conversation.frame(TEXT, 'one'),
          conversation.frame(TEXT, 'two')
        );
        await eventually(
          () => events.length >= 2,
          () => JSON.stringify(events)
        );
        assert.deepStrictEqual(events, ['text one', 'text two']);

        // And what comes later, without any.
        conversation.send(TEXT, 'three');
        await eventually(
          () => events.length >= 3,
          () => JSON.stringify(events)
        );
        assert.deepStrictEqual(events.slice(2), ['text three']);
        assert.strictEqual(ws.transport, 'loop');
      }
    );
  }

  it('at a descriptor does not keep a Unix socket from the rest', async (t) => {
    const { client, messages, ws } = await openUnix(t);

    for (let round = 1; round <= 3; round++) {
      sendWith(
        client,
        [
          'socket.send_fds(s, [one], [0])',
          's.sendall(two)',
          'socket.send_fds(s, [one], [0, 0])',
          's.sendall(two)'
        ],
        frame(TEXT, 'one', { mask: MASK }),
        frame(TEXT, 'two', { mask: MASK })
      );
      await eventually(
        () => messages.length >= 4 * round,
        () => JSON.stringify(messages)
      );
    }

    assert.deepStrictEqual(messages.join(' '), 'one two '.repeat(6).trim());
    assert.strictEqual(ws.transport, 'loop');
  });
});

/** Opens a connection on loop over a Unix socket, with a bare client. */
async function openUnix(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-'));
  const server = http.createServer().listen(path.join(folder, 'socket'));
  const wss = new WebSocketServer({ server });
  const messages = [];

  await once(server, 'listening');

  const client = net.connect(server.address());

  t.after(() => {
    client.destroy();
    for (const ws of wss.clients) ws.terminate();
    server.close();
    fs.rmSync(folder, { recursive: true });
  });

  const connected = once(wss, 'connection');

  client.write(upgradeRequest());

  const [ws] = await connected;

  ws.on('message', (data) => messages.push(data.toString()));
  await readHead(client);
  await turns();
  assert.strictEqual(ws.transport, 'loop');
  return { client, messages, ws };
}
