'use strict';

const { Duplex } = require('node:stream');

/** How much a reader that does not read lets through, at least. */
const PIECE = 16 * 1024;

/**
 * One of two streams that are connected. What is written goes over in pieces, each when the reader
 * has asked for it: a long write is under way for as long as nobody reads, as in a socket.
 */
class PieceDuplex extends Duplex {
  other = null;
  #resume = null;

  _read() {
    this.other.#goOn();
  }

  #goOn() {
    const resume = this.#resume;

    this.#resume = null;
    if (resume !== null) resume();
  }

  _write(chunk, encoding, callback) {
    process.nextTick(() => this.#give(chunk, callback));
  }

  _writev(chunks, callback) {
    const bytes = Buffer.concat(chunks.map(({ chunk }) => chunk));

    process.nextTick(() => this.#give(bytes, callback));
  }

  #give(rest, callback) {
    const { other } = this;

    if (other.destroyed) return callback(new Error('Nobody reads any more'));

    const piece = rest.subarray(0, PIECE);
    const left = rest.subarray(PIECE);
    const next = () => {
      if (left.length === 0) callback();
      else if (this.destroyed) callback(new Error('Destroyed half way'));
      else this.#give(left, callback);
    };

    if (other.push(piece)) process.nextTick(next);
    else this.#resume = next;
  }

  _final(callback) {
    this.other.push(null);
    callback();
  }

  _destroy(err, callback) {
    const { other } = this;

    process.nextTick(() => {
      if (!this.writableFinished && !other.destroyed) other.push(null);
      this.#goOn();
      other.#goOn();
      callback(err);
    });
  }
}

/** Two streams; what is written to one can be read from the other. */
function connectedDuplexes() {
  const one = new PieceDuplex();
  const other = new PieceDuplex();

  one.other = other;
  other.other = one;
  return [one, other];
}

module.exports = { connectedDuplexes };
