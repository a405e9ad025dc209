'use strict';

const { Duplex } = require('stream');

const timers = require('../timers');

/**
 * Wraps a WebSocket in a stream: each chunk that is written is sent as one
 * message, and each message that is received can be read. Back pressure pauses
 * the WebSocket; ending the stream closes it; destroying the stream terminates
 * it.
 *
 * @param {WebSocket} ws The WebSocket, open or still connecting
 * @param {Object} [options] Options of the `Duplex` constructor. `autoDestroy`,
 *     `emitClose`, `objectMode` and `writableObjectMode` are always `false`;
 *     `readableObjectMode` makes text messages strings
 * @return {Duplex} The stream. It emits the errors of the WebSocket
 */
function createWebSocketStream(ws, options) {
  let terminateOnDestroy = true;
  let isCutOff = false;

  const duplex = new Duplex({
    ...options,
    autoDestroy: false,
    emitClose: false,
    objectMode: false,
    writableObjectMode: false
  });

  // Not as options: a signal that is aborted already destroys the stream in its
  // constructor, which is to leave the connection alone. They have to work when they
  // are called without `this`: programs wrap `duplex._read` and its like, and see what
  // waits for the connection once more when it is open.
  duplex._read = () => {
    if (ws.isPaused) ws.resume();
  };

  duplex._write = (chunk, encoding, callback) => {
    if (ws.readyState !== ws.CONNECTING) ws.send(chunk, callback);
    else ws.once('open', () => duplex._write(chunk, encoding, callback));
  };

  duplex._final = (callback) => {
    if (ws.readyState !== ws.CONNECTING) closeAndFlush(callback);
    else ws.once('open', () => duplex._final(callback));
  };

  duplex._destroy = (error, callback) => {
    if (ws.readyState === ws.CLOSED) {
      callback(error);
      timers.tickOfProgram(() => duplex.emit('close'));
      return;
    }

    let isReported = false;

    // An error that comes up while the connection goes down is reported in
    // place of `error`.
    ws.once('error', (later) => {
      isReported = true;
      callback(later);
    });
    ws.once('close', () => {
      if (!isReported) callback(error);
      timers.tickOfProgram(() => duplex.emit('close'));
    });

    if (terminateOnDestroy) ws.terminate();
  };

  function closeAndFlush(callback) {
    const socket = ws._socket;

    // The handshake failed: `'error'` is about to follow instead of `'finish'`.
    if (socket === null) return;

    if (socket.writableFinished) {
      callback();
      if (duplex.readableEnded) duplex.destroy();
      return;
    }

    if (socket.destroyed) {
      cutOff();
      return;
    }

    // `'finish'` and not `'close'` of the WebSocket, which would wait until
    // somebody reads what the peer still has to say.
    socket.once('finish', () => callback());
    socket.once('close', () => {
      if (!socket.writableFinished) cutOff();
    });
    ws.close();
  }

  // The connection broke, `'finish'` will not come: close without it, but not
  // before everything that was received is read, and not while listeners are called
  // that with ws find the stream as it is.
  function cutOff() {
    isCutOff = true;
    if (duplex.readableEnded) timers.setImmediate(() => duplex.destroy());
  }

  ws.on('message', (data, isBinary) => {
    const asString = !isBinary && duplex.readableObjectMode;

    if (!duplex.push(asString ? data.toString() : data)) ws.pause();
  });

  ws.once('error', (error) => {
    if (duplex.destroyed) return;

    // No `terminate()`: the close frame that tells the peer has to get out.
    terminateOnDestroy = false;
    duplex.destroy(error);
  });

  ws.once('close', () => {
    if (!duplex.destroyed) duplex.push(null);
  });

  duplex.on('end', () => {
    if (duplex.destroyed) return;
    if (duplex.writableFinished) duplex.destroy();
    else if (isCutOff) cutOff();
  });

  // A listener and no monitor: programs count them, and take all of them away.
  duplex.once('error', (error) => {
    duplex.destroy();
    // Alone here, it has kept an error from being thrown that nobody listens for.
    if (!duplex.listenerCount('error')) duplex.emit('error', error);
  });

  return duplex;
}

module.exports = createWebSocketStream;
