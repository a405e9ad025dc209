'use strict';

const net = require('net');

const TakenSocket = require('./taken-socket');
const { kLoop, kOutput } = TakenSocket;

const netWrite = net.Socket.prototype.write;
const takenWrite = TakenSocket.prototype.write;

/**
 * Whether a socket does nothing but what `net.Socket` does: what it is given
 * goes to its descriptor as it is.
 */
function isPlain(socket) {
  const { write } = socket;

  return (
    socket.constructor === net.Socket &&
    (write === netWrite || write === takenWrite)
  );
}

/**
 * Tells a socket of its output. Not in `hook()`: what is put on a socket behind
 * a change of its prototype gives it a hidden class of its own, which takes a
 * kilobyte and makes each access to its properties slow.
 */
function announce(socket, output) {
  socket[kOutput] = output;
  socket[kLoop] = null;
}

/**
 * Makes whatever else is written to a socket come behind the frames that wait
 * in an output, and its end and destruction too.
 *
 * @param {Duplex} socket The socket
 * @param {Output} output Where frames may wait
 */
function hook(socket, output) {
  if (socket instanceof TakenSocket) return;

  if (
    isPlain(socket) &&
    Object.getPrototypeOf(socket) === net.Socket.prototype
  ) {
    // One prototype for all costs less than four functions a socket.
    Object.setPrototypeOf(socket, TakenSocket.prototype);
  } else if (typeof socket._write === 'function') {
    hookInstance(socket, output);
  }
}

function hookInstance(socket, output) {
  const { _destroy } = socket;

  // A stream that is being destroyed takes nothing more, so `destroy()` comes
  // behind what waits, too. What destroys itself drops it.
  for (const name of ['write', 'end', 'cork', 'destroy']) {
    const method = socket[name];

    if (typeof method !== 'function') continue;

    socket[name] = (...args) => {
      output.beforeSocket();
      return method.apply(socket, args);
    };
  }

  socket._destroy = (err, callback) => {
    output.drop(err);
    output.close();
    _destroy.call(socket, err, callback);
  };
}

module.exports = { announce, hook, isPlain };
