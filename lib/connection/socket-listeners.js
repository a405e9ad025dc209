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
  // The native wire would make way for who listens for data.
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
  // Else it would be called for a listener for data.
  socket._readableState.flowing = false;
  listenToSocket(socket, connection);
  TakenSocket.prototype.resume.call(socket);
}

/** No chunk is passed on any more; what reads the socket goes on doing so. */
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
    // Node stops emitting then what it has read, until more comes.
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
  // To end twice is an error, made for nobody.
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

  // By a close frame that is among what is read now, nobody has expected this.
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
  connection.whenFinished(() => {
    // After the other listeners of the socket, if the end comes as a surprise.
    if (isExpected) websocket.emitClose();
    else timers.nextTick(() => websocket.emitClose());
  });
}

module.exports = {
  ignoreData,
  listenToMaterialized,
  listenToSocket,
  socketClosed
};
