'use strict';

// The end of the process as the end of a connection: what arrives is a beginning of what was sent,
// and what had left before, or is still written by 'exit', is all there.

const assert = require('node:assert');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { behindHead, ROLES } = require('../support/ends');
const { Inbox, Ledger } = require('../support/endings/ledger');
const { checkArrived, EXTENSIONS } = require('../support/endings/matrix');
const STATES = require('../support/endings/states');
const { upgradeRequest, upgradeResponse } = require('../support/raw-http');
const {
  connectTo,
  listen,
  onlyHere,
  socketServer
} = require('../support/wires');

const PROGRAM = require.resolve('../support/endings/exit-program');

/**
 * What has to arrive. A signal leaves nobody the time to write what was joined, nor
 * an I/O thread what it was given, which may be the answer to the handshake.
 */
function least({ end, state, wire }) {
  if (end === 'a signal' && process.env.WS_RS_IO_THREADS) return null;
  if (state === 'frames of this tick') {
    return end === 'a signal' || wire === 'tls' ? 'first' : 'all';
  }

  return state === 'a write in flight' ? 'first' : null;
}

/** What the process was given to send, without sending it. */
async function ledgerOf(state) {
  const ledger = new Ledger({ ping() {}, send() {} });
  const socket = { pause() {} };

  await state.before?.(ledger, { socket, ws: { bufferedAmount: 1 } });
  state.within(ledger);
  return ledger;
}

/** Connects a bare socket to the process, in either direction. */
async function connect(t, how, extensions) {
  if (how.role === 'server') {
    const child = start(t, how);
    const socket = connectTo((await once(child, 'message'))[0]);

    prepare(socket);
    socket.write(upgradeRequest({ 'Sec-WebSocket-Extensions': extensions }));
    // Or there is none any more.
    await Promise.race([
      behindHead(socket),
      new Promise((resolve) => socket.once('close', resolve))
    ]);
    return { child, socket };
  }

  const connected = [];
  const server = socketServer(how.wire, (socket) => {
    prepare(socket);
    connected.push(behindHead(socket).then((head) => ({ head, socket })));
    server.emit('socket');
  });
  const place = await listen(how.wire, server);

  t.after(() => place.close());

  const arrival = once(server, 'socket');
  const child = start(t, { ...how, url: place.url });

  await arrival;

  const { head, socket } = await connected[0];
  const [, key] = /^sec-websocket-key: (.*)$/im.exec(head);

  socket.write(upgradeResponse(key, extensions));
  return { child, socket };
}

function prepare(socket) {
  socket.on('error', () => {});
  socket.on('end', () => socket.end());
}

function start(t, how) {
  const child = fork(PROGRAM, [JSON.stringify(how)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  });

  t.after(() => child.kill('SIGKILL'));
  return child;
}

async function endsWell(t, how) {
  const state = STATES[how.state];
  const ledger = await ledgerOf(state);
  const extensions = state.deflate ? EXTENSIONS : null;
  const { child, socket } = await connect(t, how, extensions);
  const inbox = new Inbox();

  if (child.exitCode === null && child.signalCode === null) {
    await once(child, 'exit');
  }
  socket.on('data', (chunk) => inbox.push(chunk));
  socket.resume();
  if (!socket.closed) await new Promise((r) => socket.once('close', r));

  const arrived = ledger.checkBytes(inbox);

  checkArrived(least(how), arrived, ledger.entries.length);
  for (const { isMasked } of inbox.frames) {
    assert.strictEqual(isMasked, how.role === 'client');
  }
}

for (const wire of onlyHere(['tcp', 'unix', 'tls'])) {
  for (const end of ['process.exit()', 'a signal', 'an exception']) {
    describe(`${wire}, ${end}:`, { concurrency: 4 }, () => {
      for (const [state, { exists }] of Object.entries(STATES)) {
        for (const role of ROLES) {
          if (exists && !exists({ wire })) continue;
          it(`${state} (${role})`, (t) =>
            endsWell(t, { end, role, state, wire }));
        }
      }
    });
  }
}
