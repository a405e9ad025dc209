'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const { describe, it } = require('node:test');

const { CLOSE, frame, FrameReader, MASK, TEXT } = require('../support/frames');
const { skip, skipTouches, turns } = require('../support/loop');
const { isEmulated } = require('../support/machine');
const { closeOf } = require('../support/pairs');
const { eventually } = require('../support/patience');
const { PRELUDE, ROOT } = require('../support/programs');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { serve } = require('../support/servers');

// More than libuv watches one by one, so that the selector finds several at once.
const COUNT = 10;

/** Opens bare clients; `received` are the texts of each. */
async function openClients(t, port) {
  const clients = [];

  for (let i = 0; i < COUNT; i++) {
    const { socket } = await exchange(port, upgradeRequest());
    const reader = new FrameReader();
    const received = [];

    t.after(() => socket.destroy());
    socket.on('error', () => {});
    const take = (bytes) => {
      for (const next of reader.push(bytes)) {
        if (next.opcode !== CLOSE) received.push(String(next.payload));
      }
    };

    socket.on('data', (chunk) => take(Buffer.from(chunk, 'latin1')));
    socket.resume();
    clients.push({ received, socket, take });
  }
  return clients;
}

/** Opens a server whose connections are on loop, and as many bare clients. */
async function openMany(t) {
  const wss = serve(t);
  const peers = [];

  wss.on('connection', (ws) => peers.push(ws));

  const clients = await openClients(t, await portOf(wss));

  await turns();
  assert.deepStrictEqual(
    peers.map((ws) => ws.transport),
    Array(COUNT).fill('loop')
  );
  return { clients, peers };
}

/** How much has arrived at a client, which is read here and now. */
function readNow({ socket, take }) {
  const bytes = Buffer.alloc(1024);

  try {
    const length = fs.readSync(socket._handle.fd, bytes);

    take(bytes.subarray(0, length));
    return length;
  } catch (err) {
    assert.strictEqual(err.code, 'EAGAIN');
    return 0;
  }
}

/** Has all clients send before the event loop goes on: it finds all at once. */
function sendAtOnce(clients, textOf) {
  clients.forEach(({ socket }, i) => {
    socket.write(frame(TEXT, textOf(i), { mask: MASK }));
  });
}

function spend(milliseconds) {
  const end = performance.now() + milliseconds;

  while (performance.now() < end);
}

describe('What many connections send in one turn of the loop', { skip }, () => {
  it('to all reaches each, in order, and waits for other sockets', async (t) => {
    const ROUNDS = 50;
    const { clients, peers } = await openMany(t);
    const [watched] = clients;
    let turnsOfRound = 0;
    let joined = 0;
    let late = 0;

    for (const peer of peers) {
      peer.on('message', (data) => {
        const text = data.toString();

        // It is not long enough since the first of them sent to all.
        if (++turnsOfRound === 2 && readNow(watched) === 0) joined++;
        for (const other of peers) other.send(text);
        // The last is followed by nobody.
        if (turnsOfRound === COUNT && readNow(watched) === 0) late++;
      });
    }

    for (let round = 0; round < ROUNDS; round++) {
      turnsOfRound = 0;
      sendAtOnce(clients, (i) => `${i} ${round}`);
      await eventually(
        () => clients.every(({ received }) => full(received, round)),
        () => JSON.stringify(clients.map(({ received }) => received.length))
      );
    }

    for (const { received } of clients) {
      assert.strictEqual(received.length, COUNT * ROUNDS);
      for (let i = 0; i < COUNT; i++) {
        assert.deepStrictEqual(
          received.filter((text) => text.startsWith(`${i} `)),
          Array.from({ length: ROUNDS }, (_, round) => `${i} ${round}`)
        );
      }
    }
    assert.strictEqual(late, 0);
    // On a machine that is busy a turn may take as long as waiting is allowed, and
    // one that is emulated may be so slow each time.
    if (!isEmulated) assert.ok(joined > ROUNDS / 10, `${joined} of ${ROUNDS}`);
  });

  function full(received, round) {
    return received.length >= COUNT * (round + 1);
  }

  it('is not held back by more than one slow listener behind it', async (t) => {
    const { clients, peers } = await openMany(t);
    let largest = 0;

    // All at once, as a rule; a busy machine may deliver some later.
    for (let attempt = 0; attempt < 10 && largest < COUNT; attempt++) {
      const waiting = [];
      let inTurn = 0;
      let slow = 0;

      for (const peer of peers) {
        peer.once('message', (data) => {
          for (const { socket, before, at } of waiting) {
            if (slow - at < 2) continue;
            assert.ok(
              socket.bytesWritten > before,
              `not written after ${slow - at} slow listeners`
            );
          }
          if (inTurn === 0) setImmediate(() => (inTurn = 0));
          inTurn++;
          largest = Math.max(largest, inTurn);
          waiting.push({
            at: slow,
            before: peer._socket.bytesWritten,
            socket: peer._socket
          });
          peer.send(data.toString());
          // The first to have its turn is quick.
          if (waiting.length > 1) {
            spend(30);
            slow++;
          }
        });
      }

      sendAtOnce(clients, (i) => `${attempt} ${i}`);
      await eventually(
        () => clients.every(({ received }) => received.length > attempt),
        () => JSON.stringify(clients.map(({ received }) => received))
      );
    }

    assert.strictEqual(largest, COUNT);
    clients.forEach(({ received }, i) => {
      received.forEach((text, attempt) =>
        assert.strictEqual(text, `${attempt} ${i}`)
      );
    });
  });
});

/** Runs as a program: a server that exits within its last listener. */
async function exitInListener(count) {
  const wss = await serve();
  let answered = 0;

  wss.on('connection', (ws) => {
    ws.on('message', (data) => {
      ws.send(`re: ${data}`);
      if (++answered === count) process.exit(7);
    });
  });
  console.log(wss.address().port);
  while (
    wss.clients.size < count ||
    [...wss.clients].some((ws) => ws.transport !== 'loop')
  ) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  console.log('all on loop');
}

describe('process.exit() within a listener', { skip: skipTouches }, () => {
  it('comes behind replies that other connections sent', async (t) => {
    const program = spawn(
      process.execPath,
      ['-e', `${PRELUDE}\n(${exitInListener})(${COUNT});`],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] }
    );
    const exited = once(program, 'exit');
    let output = '';

    t.after(() => program.kill('SIGKILL'));
    program.stdout.on('data', (data) => (output += data));
    await eventually(
      () => output.includes('\n'),
      () => output
    );

    const clients = await openClients(t, Number.parseInt(output, 10));
    const ended = clients.map(({ socket }) => closeOf(socket));

    await eventually(
      () => output.includes('all on loop'),
      () => output
    );
    // So that it finds all messages at once.
    program.kill('SIGSTOP');
    sendAtOnce(clients, (i) => String(i));
    program.kill('SIGCONT');
    assert.deepStrictEqual(await exited, [7, null]);
    await Promise.all(ended);
    assert.deepStrictEqual(
      clients.map(({ received }) => received),
      clients.map((_, i) => [`re: ${i}`])
    );
  });
});
