'use strict';

const { net } = require('../builtins');
const { kWebSocket, NOOP, READY_STATE } = require('../constants');
const timers = require('../timers');
const { isLight } = require('../wire/materialize');
const promotion = require('../wire/promotion');
const { kLoop, TakenSocket } = require('../wire/taken-socket');

const { CLOSING } = READY_STATE;

/** On a socket: the connection that it belongs to. */
const kConnection = Symbol('ws-rs.connection');

/**
 * Lets a connection know of what its socket has to say.
 *
 * @param {Duplex} socket The socket
 * @param {Connection} connection The connection
 */
function listenToSocket(socket, connection) {
  // Node's own `on()`: that of a taken socket demotes it for a listener for
  // data.
  const { on } = socket[kLoop] ? net.Socket.prototype : socket;

  socket[kConnection] = connection;

  on.call(socket, 'close', socketOnClose);
  on.call(socket, 'data', socketOnData);
  on.call(socket, 'end', socketOnEnd);
  on.call(socket, 'error', socketOnError);
}

/**
 * As `listenToSocket()`, for one that Node has made just now, of a connection that was
 * open before. With ws it has read all along, whatever the program has put in the
 * place of `resume()` since.
 */
function listenToMaterialized(socket, connection) {
  // Node would call `resume()` for a listener for data, if this were not set.
  socket._readableState.flowing = false;
  listenToSocket(socket, connection);
  TakenSocket.prototype.resume.call(socket);
}

/** Passes no chunk on any more; what reads the socket goes on reading. */
function ignoreData(socket) {
  // Nobody listens to a light one.
  if (isLight(socket)) return;

  const { removeListener } = socket[kLoop] ? net.Socket.prototype : socket;

  removeListener.call(socket, 'data', socketOnData);
}

function socketOnData(chunk) {
  const connection = this[kConnection];
  let thrown = true;

  // The thread would count compressed messages without those in there.
  if (connection.transport === 'threads') {
    connection.loop.demote("the program emits 'data' of its socket");
  }
  if (connection.wantsContext) promotion.capture(connection);

  try {
    connection.feed(chunk);
    thrown = false;
  } finally {
    // A listener threw: what Node has read would else be emitted only when more
    // comes.
    if (thrown) timers.nextTick(flow, this);
  }
}

function flow(stream) {
  while (stream.readableFlowing && stream.read() !== null);
}

function socketOnEnd() {
  const connection = this[kConnection];

  connection.websocket._readyState = CLOSING;
  connection.end();
  // To end it twice makes an error that nobody gets.
  if (this.writableEnded) return;

  connection.beforeEnd();
  this.end();
}

function socketOnError() {
  this.removeListener('error', socketOnError);
  this.on('error', NOOP);

  if (this[kWebSocket] !== undefined) {
    this[kWebSocket]._readyState = CLOSING;
    this.destroy();
  }
}

function socketOnClose() {
  const connection = this[kConnection];
  const { websocket } = connection;

  this.removeListener('close', socketOnClose);
  this.removeListener('data', socketOnData);
  this.removeListener('end', socketOnEnd);

  websocket._readyState = CLOSING;

  // Asked before what is left is read: the close frame that may be in it came
  // unexpected.
  const isExpected = connection.isOver;

  // A paused socket that was destroyed still has what it had read.
  if (
    !this._readableState.endEmitted &&
    !websocket._closeFrameReceived &&
    !connection.failed &&
    this._readableState.length !== 0
  ) {
    connection.feed(this.read(this._readableState.length));
  }

  socketClosed(this, connection, isExpected);
}

/**
 * The socket of a connection is closed, and all that it had was handed over.
 *
 * @param {Duplex} socket The socket
 * @param {Connection} connection The connection
 * @param {Boolean} [isExpected] Whether it was over before
 */
function socketClosed(socket, connection, isExpected = connection.isOver) {
  const { websocket } = connection;

  websocket._readyState = CLOSING;
  connection.end();
  socket[kWebSocket] = undefined;
  // eslint-disable-next-line no-restricted-globals -- set by the global one
  clearTimeout(websocket._closeTimer);

  let isLater = false;

  connection.whenFinished(() => {
    // After the other listeners of the socket, if the end comes as a surprise.
    if (isExpected || isLater) websocket.emitClose();
    else timers.nextTick(() => websocket.emitClose());
  });
  isLater = true;
}

module.exports = {
  ignoreData,
  listenToMaterialized,
  listenToSocket,
  socketClosed
};
