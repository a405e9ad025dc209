'use strict';

const { Buffer } = require('buffer');

const { EMPTY_BUFFER } = require('../constants');
const native = require('../native');
const { level } = require('../native/event-rows');
const numbers = require('../native/numbers');
const { acceptors, connections, leaving, writers } = require('../wire/loop');
const { makeContext } = require('../wire/accepted-context');
const { closing } = require('../wire/closing');
const { onPolled } = require('../wire/ends');
const { handleOf, serverOf } = require('../wire/materialize');
const slotOf = require('../wire/slot');
const Stage = require('../wire/stage');
const Tick = require('../wire/tick');
const { whenSpareTaken } = require('./chunk');
const emitMessage = require('./message-event');
const { copyExactly, setScratch } = require('../memory/message-memory');
const noteMemory = require('../memory/young-memory');

const FastBuffer = Buffer[Symbol.species];

const { INFLATED } = numbers.row;
const { LENGTH, POSITION, SLOT, SOURCE } = numbers.header;
const { SCRATCH, SPARE } = numbers.source;

/** The first event: behind its kind are its start and its length. */
const FIRST_KIND = numbers.row.SIZE;
const FIRST_START = numbers.row.SIZE + 1;
const FIRST_LENGTH = numbers.row.SIZE + 2;

let rows = null;
let payloads = null;
/**
 * The native memory that sockets are read into, over and over. No program may
 * see it: messages are copied out.
 */
let scratch = null;

/**
 * Has the event loop call the listeners below, from the first promotion on.
 */
function listen() {
  if (scratch !== null) return;

  ({ rows, payloads } = level(0));
  scratch = native.onEvents(listeners);
  setScratch(scratch);
  whenSpareTaken(onSpareTaken);
  Stage.open();
}

/**
 * What is called from the event loop, in the connection's async context. Row 0
 * says whose event it is; src/binding/event_loop/listeners.rs, what the
 * arguments are.
 */
const listeners = {
  onMessages(count) {
    const connection = connectionOf(rows[SLOT]);

    if (connection !== undefined) takeDecoded(connection, count);
  },

  // What most chunks are: one message. The decoder is not told of it.
  onText() {
    const connection = connectionOf(rows[SLOT]);

    if (connection === undefined) return;

    if (mustWait(connection)) {
      takeDecoded(connection, 1);
      return;
    }

    const data = wholeMessage(connection);

    if (data === null) return;

    Stage.isFresh = true;
    emitMessage(connection.websocket, data, false);
  },

  onBinary() {
    const connection = connectionOf(rows[SLOT]);

    if (connection === undefined) return;

    if (
      connection.decoder.binaryType !== 'nodebuffer' ||
      mustWait(connection)
    ) {
      takeDecoded(connection, 1);
      return;
    }

    const data = wholeMessage(connection);

    if (data === null) return;

    Stage.isFresh = true;
    emitMessage(connection.websocket, data, true);
  },

  onUndecoded(length) {
    const connection = connectionOf(rows[SLOT]);

    if (connection === undefined) return;

    const chunk = attempt(connection, () => copyExactly(scratch, 0, length));

    if (chunk !== null) connection.feed(chunk);
  },

  onPaused(length) {
    const connection = connectionOf(rows[SLOT]);

    if (connection === undefined) return;

    // Negative: behind it there is the end.
    const isLast = length < 0;
    const chunk = attempt(connection, () =>
      copyExactly(scratch, 0, Math.abs(length))
    );

    if (chunk !== null) connection.loop.onPaused(chunk, isLast);
  },

  onEnd() {
    const connection = connectionOf(rows[SLOT]);

    if (connection !== undefined) connection.loop.onEnd();
  },

  onError(errno) {
    const connection = connectionOf(rows[SLOT]);

    if (connection !== undefined) connection.loop.onError(errno);
  },

  onFailure(reason) {
    const connection = connectionOf(rows[SLOT]);

    if (connection === undefined) return;

    connection.fail(
      new Error(
        `ws-rs could not read a connection, please report it: ${reason}`
      )
    );
  },

  onNeedMemory(length) {
    makeSpare(length);
  },

  onUnwritten() {
    const slot = rows[SLOT];

    // A stream may have bytes of its own there.
    if (writers.size > 0) writers.get(slot)?.onWritable();
    Tick.attend(slot);
  },

  onRequest() {
    const waiter = connections[rows[SLOT]];

    if (waiter !== undefined) waiter.onRequest();
  },

  onUnread(length) {
    const transport = leaving.get(rows[SLOT]);

    if (transport === undefined) return;

    if (length > 0) transport.onUnread(copyExactly(scratch, 0, length));
    else transport.onAllRead(length === 0 ? 0 : -length);
  },

  onDead() {
    const slot = rows[SLOT];
    const transport = leaving.get(slot) ?? connectionOf(slot)?.loop;

    if (transport) transport.onDead();
  },

  onConnection(listening, id) {
    acceptors.get(listening)(id);
  },

  onClosed(number) {
    closing.take(number)();
  },

  onPolled,

  onContext(id) {
    const connection = connections[slotOf(id)];

    if (connection !== undefined) {
      const { server, socket } = connection;

      makeContext(id, server ?? serverOf(socket), handleOf(socket));
    }
  }
};

/** Whose event it is; made for it if nothing has happened there yet. */
function connectionOf(slot) {
  Tick.turns++;

  const connection = connections[slot];

  return connection === undefined ? undefined : connection.connect();
}

/** Without memory for a message its connection fails, and no other. */
function attempt(connection, body) {
  try {
    return body();
  } catch (err) {
    connection.fail(err);
    return null;
  }
}

/**
 * Whether somebody can see how long a message takes to be inflated, which an
 * I/O thread has done already.
 */
function mustWait(connection) {
  if ((rows[FIRST_KIND] & INFLATED) === 0) return false;

  connection.decoder.noteInflated();
  return connection.isWatched();
}

function wholeMessage(connection) {
  const start = rows[FIRST_START];
  const length = rows[FIRST_LENGTH];

  if (length === 0) return EMPTY_BUFFER;

  try {
    if (rows[SOURCE] === SCRATCH) {
      return connection.decoder.copy(scratch, start, length);
    }

    const { buffer } = payloads[0];

    // A short message would keep the memory of a long one.
    if (2 * length < buffer.byteLength) {
      return connection.decoder.copy(buffer, start, length);
    }

    makeSpare(buffer.byteLength);
    // Zeros, as what others have left there must not be seen.
    new FastBuffer(buffer, start + length).fill(0);
    return new FastBuffer(buffer, start, length);
  } catch (err) {
    connection.fail(err);
    return null;
  }
}

/** Makes memory for the next long message. */
function makeSpare(length) {
  payloads[0] = undefined;

  try {
    payloads[0] = Buffer.allocUnsafeSlow(length);
    noteMemory(length);
  } catch {
    // Without memory now: there may be some when it is needed.
  }
}

function onSpareTaken() {
  makeSpare(payloads[0].length);
}

function takeDecoded(connection, count) {
  const length = rows[LENGTH];
  const position = rows[POSITION];
  const source = rows[SOURCE];

  if (source === SCRATCH) {
    connection.takeDecoded(scratch, false, length, position, count);
  } else if (source === SPARE) {
    connection.takeDecoded(payloads[0].buffer, true, length, position, count);
  } else {
    // All of it was read to where its message was put together.
    connection.takeDecoded(EMPTY_BUFFER.buffer, false, 0, 0, count);
  }
}

module.exports = { listen, onSpareTaken };
