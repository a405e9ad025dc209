'use strict';

const net = require('net');

const { NOOP } = require('../constants');
const TakenSocket = require('./taken-socket');
const { kOutput } = TakenSocket;

const netWrite = net.Socket.prototype.write;

/**
 * Whether a socket does nothing but what `net.Socket` does: what it is given
 * goes to its descriptor as it is.
 */
function isPlain(socket) {
  return socket.constructor === net.Socket && socket.write === netWrite;
}

/**
 * Makes whatever else is written to a socket come behind the frames that wait
 * in an output, and its end and destruction too.
 *
 * @param {Duplex} socket The socket
 * @param {Output} output Where frames may wait
 */
function hook(socket, output) {
  socket[kOutput] = output;

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
  const { _write, _writev, _final, _destroy } = socket;

  socket._write = (chunk, encoding, callback) => {
    const rest = output.takeRest();

    if (rest === null) {
      _write.call(socket, chunk, encoding, callback);
    } else {
      _write.call(
        socket,
        Buffer.concat([rest, asBytes(chunk, encoding)]),
        'buffer',
        callback
      );
    }
  };

  if (typeof _writev === 'function') {
    socket._writev = (chunks, callback) => {
      _writev.call(socket, withRest(chunks, output.takeRest()), callback);
    };
  }

  socket._final = (callback) => {
    const final = (err) => {
      if (err || typeof _final !== 'function') callback(err);
      else _final.call(socket, callback);
    };
    const rest = output.takeRest();

    if (rest === null) final();
    else _write.call(socket, rest, 'buffer', final);
  };

  socket._destroy = (err, callback) => {
    const rest = output.takeRest();

    if (rest !== null) _write.call(socket, rest, 'buffer', NOOP);
    output.close();
    _destroy.call(socket, err, callback);
  };
}

function asBytes(chunk, encoding) {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
}

function withRest(chunks, rest) {
  if (rest === null) return chunks;

  const all = [{ chunk: rest, encoding: 'buffer' }, ...chunks];

  all.allBuffers = chunks.allBuffers;
  return all;
}

module.exports = { hook, isPlain };
