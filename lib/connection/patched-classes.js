'use strict';

/**
 * Whether a program has put methods of its own in the place of those that ws
 * calls for each message, on `Sender` and `Receiver` or on one of them, as tracing
 * agents do. Most messages pass both by; these are to be seen there.
 */

const Receiver = require('./receiver');
const Sender = require('./sender');

const { frame } = Sender;
const { pong, send, sendFrame } = Sender.prototype;
const { _write: write } = Receiver.prototype;

/** Methods that a `Receiver` inherits, and that ws or Node calls in its life. */
const INHERITED = [
  'on',
  'addListener',
  'emit',
  'write',
  'end',
  'destroy',
  'removeAllListeners',
  '_final',
  '_destroy'
];

let pongOfWebSocket;

/** @return {Boolean} Whether `Receiver` is to see what is received */
function isReceiverPatched() {
  const { prototype } = Receiver;

  if (prototype._write !== write) return true;

  // A class from which all of Node's streams inherit may be changed for other
  // reasons.
  for (let i = 0; i < INHERITED.length; i++) {
    if (Object.hasOwn(prototype, INHERITED[i])) return true;
  }

  return false;
}

/**
 * @param {Sender|null} sender That of a connection, if it was made already
 * @return {Boolean} Whether it is to see what is sent
 */
function isSenderPatched(sender) {
  // Asked in two places, so that the first is known when the second is
  // compiled.
  if (Sender.frame !== frame) return true;

  return sender === null
    ? Sender.prototype.send !== send || Sender.prototype.sendFrame !== sendFrame
    : sender.send !== send || sender.sendFrame !== sendFrame;
}

/**
 * @param {WebSocket} websocket A connection
 * @param {Sender|null} sender Its sender, if it was made already
 * @return {Boolean} Whether a method of the program's is to see its pongs
 */
function isPongPatched(websocket, sender) {
  return (
    websocket.pong !== pongOfWebSocket ||
    Sender.prototype.pong !== pong ||
    isSenderPatched(null) ||
    (sender !== null && (sender.pong !== pong || isSenderPatched(sender)))
  );
}

/** @param {Function} method The `pong()` that a `WebSocket` has by itself */
function notePong(method) {
  pongOfWebSocket = method;
}

module.exports = {
  isPongPatched,
  isReceiverPatched,
  isSenderPatched,
  notePong
};
