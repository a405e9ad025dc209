'use strict';

const { announce, hook } = require('../../lib/wire/taken-socket');

/** What sockets know of an outbox; it notes what it is told. */
class FakeOutbox {
  blockedLength = 0;
  bytesRead = 0;
  bytesWritten = 0;
  log = [];
  rest = null;

  yieldToStream() {
    this.log.push('yieldToStream');
  }

  get unwrittenLength() {
    return this.blockedLength;
  }

  takeRest() {
    this.log.push('takeRest');
    this.blockedLength = 0;
    return this.rest;
  }

  writeNow() {
    this.log.push('writeNow');
  }

  endStream() {
    return false;
  }

  close(err) {
    this.log.push('close');
    return () => this.log.push(`lost ${err}`);
  }
}

/** Gives a socket to an outbox. */
function take(socket, outbox = new FakeOutbox()) {
  announce(socket, outbox);
  hook(socket);
  return outbox;
}

module.exports = { FakeOutbox, take };
