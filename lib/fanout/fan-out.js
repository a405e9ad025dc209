'use strict';

const { OPEN } = require('../constants').READY_STATE;
const { kConnection, kNegotiated, kOutput } = require('../members');
const { RSV1 } = require('../native/numbers').frame;
const Batch = require('./batch');

const EXTENSION = 'permessage-deflate';

/** Used by one message at a time: a listener may send another one meanwhile. */
let spare = new Batch();

/**
 * Gives a message to connections: in one call to those that the native wire
 * writes, and one by one to the others. Connections that are not open are
 * passed over.
 *
 * @param {Iterable<WebSocket>} websockets The connections
 * @param {SharedMessage} message The message
 * @param {Set<WebSocket>|null} except Who does not get it
 * @return {Number} How many connections it was given to
 */
function fanOut(websockets, message, except) {
  const plain = spare ?? new Batch();
  let deflated = null;
  let rest = null;

  spare = null;

  for (const ws of websockets) {
    if (except !== null && except.has(ws)) continue;

    // What most connections need comes first, and looks at as few objects as
    // can be: there may be thousands, none of them in the processor's cache.
    const output = ws[kOutput];

    if (output && output.isPlain) {
      const id = idOfOpen(ws, output);

      if (id === -1) (rest ??= []).push(ws);
      else plain.add(ws, id);
      continue;
    }

    const connection = ws[kConnection];
    const id = connection ? idOfOpen(ws, connection.output) : -1;

    if (id === -1) {
      (rest ??= []).push(ws);
      continue;
    }

    const pmd = ws._extensions[EXTENSION];

    if (pmd === undefined || !message.isCompressedFor(pmd)) {
      plain.add(ws, id);
      continue;
    }

    const variant = message.deflatedFor(pmd);

    if (variant === null || !variant.isReady) {
      (rest ??= []).push(ws);
    } else if (variant.bytes === null) {
      plain.add(ws, id);
    } else {
      if (variant.batch === null) {
        variant.batch = new Batch();
        (deflated ??= []).push(variant);
      }

      variant.batch.addWithCodec(ws, id, pmd.contextCodec);
    }
  }

  let given = plain.size;

  // What runs the program's code comes last: the bytes may be in its memory.
  const late = [rest, plain.send(message.bytes, message.first)];

  spare = plain;

  for (const variant of deflated ?? []) {
    const { batch, bytes, end } = variant;

    variant.batch = null;
    given += batch.size;
    late.push(batch.send(bytes, message.first | RSV1, end, message.length));
  }

  for (let i = 0; i < late.length; i++) {
    if (late[i] === null) continue;
    // The first are those that were not counted yet.
    if (i > 0) given -= late[i].length;
    given += giveEach(late[i], message);
  }

  return given;
}

/** The native half, if it takes frames for many as it is; -1 if not. */
function idOfOpen(ws, output) {
  return ws._readyState === OPEN && ws._isServer ? output.directId : -1;
}

function giveEach(websockets, message) {
  const thrown = [];
  let given = 0;

  // Before any code of the program's may run.
  message.keep();

  for (const ws of websockets) {
    if (ws.readyState === OPEN && isAdmitted(ws, message, thrown)) {
      given++;
      giveSafely(ws, message, thrown);
    }
  }

  if (thrown.length > 0) throw thrown[0];

  return given;
}

/** Whether a connection takes more. What its program throws is thrown later. */
function isAdmitted(ws, message, thrown) {
  const backPressure = ws[kConnection]?.output.backPressure;

  if (!backPressure) return true;

  try {
    // Its program may have closed it, and said that it does.
    return backPressure.admits(message.bytes) && ws.readyState === OPEN;
  } catch (err) {
    thrown.push(err);
    return false;
  }
}

function giveSafely(ws, message, thrown) {
  try {
    give(ws, message);
  } catch (err) {
    // A `write()` of the program's threw: the others get the message all the
    // same.
    destroySafely(ws._socket, err, thrown);
  }
}

/**
 * Destroys a stream; what a `destroy()` of the program's throws is thrown
 * later.
 */
function destroySafely(socket, err, thrown) {
  try {
    if (socket) socket.destroy(err);
  } catch (other) {
    thrown.push(other);
  }
}

function give(ws, message) {
  const connection = ws[kConnection];

  if (!connection) {
    // Of another copy of this package, or of another package.
    const { isBinary: binary, mayCompress: compress } = message;

    ws.send(message.bytes, { binary, compress });
    return;
  }

  const { output } = connection;
  const pmd = ws[kNegotiated]?.[EXTENSION];

  if (
    output.isFree &&
    ws._isServer &&
    (pmd === undefined || !message.isCompressedFor(pmd))
  ) {
    output.bytes(message.bytes, message.first, false);
  } else {
    connection.sender.sendShared(message, !ws._isServer);
  }
}

module.exports = fanOut;
