'use strict';

const assert = require('node:assert');
const { after, describe, it } = require('node:test');

const { openRaw, ROLES, turns, until } = require('../ends');
const { CLOSE, closePayload, frame, MASK } = require('../frames');
const { Childs, ENDS } = require('./ends');
const { Inbox, Ledger } = require('./ledger');
const STATES = require('./states');

const EXTENSIONS =
  'permessage-deflate; server_no_context_takeover; client_no_context_takeover';

/**
 * Makes a test of each way to end a connection, in each state of its outbox, in both roles.
 *
 * @param {String} wire One of `WIRES`
 */
function matrix(wire) {
  const childs = new Childs();

  after(() => childs.stop());
  for (const [state, { exists: stateExists }] of Object.entries(STATES)) {
    if (stateExists && !stateExists({ wire })) continue;

    describe(`${wire}, ${state}:`, () => {
      for (const [name, end] of Object.entries(ENDS)) {
        for (const role of ROLES) {
          const how = { name, role, state, wire };

          if (end.exists && !end.exists(how)) continue;
          it(`${name} (${role})`, { skip: end.skip?.(how) ?? false }, (t) =>
            endsWell(t, how, childs)
          );
        }
      }
    });
  }
}

/** Ends one connection beside another one, and checks all that both ends see. */
async function endsWell(t, how, childs) {
  const { role, wire } = how;
  const state = STATES[how.state];
  const end = ENDS[how.name];
  const mask = role === 'server' ? MASK : null;
  const { another, socket, ws, wss } = await openRaw(t, {
    extensions: state.deflate ? EXTENSIONS : null,
    near: { perMessageDeflate: state.deflate ? { threshold: 0 } : false },
    role,
    wire
  });
  const bystander = new Bystander(await another(), mask);
  const ledger = new Ledger(ws);
  const inbox = new Inbox();
  let closed = 0;

  ws.on('close', () => closed++);
  await bystander.echoes('before');
  socket.on('data', (chunk) => {
    for (const { opcode } of inbox.push(chunk)) {
      if (opcode === CLOSE) answerClose(socket, role, mask);
    }
  });
  socket.on('end', () => socket.end());
  socket.resume();

  const socketClosed = new Promise((resolve) => socket.once('close', resolve));

  if (state.before) await state.before(ledger, { socket, ws });

  bystander.send('in the tick, before');
  state.within(ledger);

  const ended = end.run({
    childs,
    frame: (opcode, payload) => frame(opcode, payload, { mask }),
    ledger,
    role,
    socket,
    ws,
    wss
  });

  bystander.send('in the tick, after');
  await turns(2);
  socket.resume();
  await bystander.echoes('during');
  await ended;
  await socketClosed;
  if (end.closes !== false) await until(() => closed > 0);
  await until(() => ledger.isSettled());
  await bystander.echoes('after');
  await turns(3);

  const arrived = ledger.checkBytes(inbox);
  const isOrderly = end.isOrderly?.(how) ?? !end.isGone;

  ledger.checkCallbacks(arrived, isOrderly);
  assert.ok(closed <= 1, `'close' came ${closed} times`);
  for (const { isMasked } of inbox.frames) {
    assert.strictEqual(isMasked, role === 'client');
  }
  checkArrived(end.arrives?.(how), arrived, ledger.entries.length);
  bystander.check();
}

function checkArrived(least, arrived, count) {
  if (least === 'all') assert.strictEqual(arrived, count);
  if (least === 'first') assert.ok(arrived >= 1, 'Nothing arrived');
}

/** A server answers a close frame and ends; a client waits for that. */
function answerClose(socket, role, mask) {
  if (!socket.writable) return;

  socket.write(frame(CLOSE, closePayload(1000), { mask }));
  if (role === 'client') socket.end();
}

/** Another connection of the same server, which nothing may disturb. */
class Bystander {
  #expected = [];
  #inbox = new Inbox();

  constructor({ socket, ws }, mask) {
    this._ws = ws;
    this._mask = mask;
    this._socket = socket;
    socket.on('data', (chunk) => this.#inbox.push(chunk));
    socket.resume();
    // Where messages are compressed, its own are not.
    ws.on('message', (data) => this.send(data.toString()));
    ws.on('close', () => this.#expected.push('no close'));
  }

  send(text) {
    this._ws.send(text, { compress: false });
  }

  #texts() {
    return this.#inbox.frames.map(({ payload }) => payload.toString());
  }

  async echoes(text) {
    this._socket.write(frame(1, text, { mask: this._mask }));
    this.#expected.push(text);
    await until(() => this.#texts().includes(text));
  }

  check() {
    const own = this.#texts().filter((text) => !text.startsWith('in the tick'));
    const sent = this.#texts().filter((text) => text.startsWith('in the tick'));

    assert.deepStrictEqual(own, this.#expected);
    assert.deepStrictEqual(sent, ['in the tick, before', 'in the tick, after']);
  }
}

module.exports = { checkArrived, EXTENSIONS, matrix };
