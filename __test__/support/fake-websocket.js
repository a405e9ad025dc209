'use strict';

const EventEmitter = require('node:events');
const { PassThrough } = require('node:stream');

/** The part of a WebSocket that the stream uses; it records what is done. */
class FakeWebSocket extends EventEmitter {
  CONNECTING = 0;
  OPEN = 1;
  CLOSING = 2;
  CLOSED = 3;
  calls = [];
  isPaused = false;
  readyState = 1;
  sendError = null;
  _socket = new PassThrough();

  send(data, callback) {
    this.calls.push(['send', data.toString()]);
    process.nextTick(callback, this.sendError);
  }

  close() {
    this.calls.push(['close']);
    this.readyState = this.CLOSING;
  }

  terminate() {
    this.calls.push(['terminate']);
    this.readyState = this.CLOSING;
  }

  pause() {
    this.isPaused = true;
  }

  resume() {
    this.isPaused = false;
  }

  open() {
    this.readyState = this.OPEN;
    this.emit('open');
  }

  closed(code = 1006) {
    this.readyState = this.CLOSED;
    this.emit('close', code, Buffer.alloc(0));
  }
}

module.exports = FakeWebSocket;
