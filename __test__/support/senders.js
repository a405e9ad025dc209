'use strict';

// Senders without a connection.

const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const Sender = require('../../lib/connection/sender');
const { tick } = require('./events');

/** Keeps what is written. */
class FakeSocket {
  chunks = [];
  corked = 0;
  destroyed = false;

  write(chunk, callback) {
    this.chunks.push(chunk);
    if (callback) callback();
  }

  cork() {
    this.corked++;
  }

  uncork() {
    this.corked--;
  }
}

const TEXT = { binary: false, compress: false, fin: true, mask: false };

function deflating(options, parameters = {}) {
  const pmd = new PerMessageDeflate({ threshold: 0, ...options });

  pmd.accept([parameters]);
  return { 'permessage-deflate': pmd };
}

async function idle(sender) {
  for (let i = 0; i < 1000 && sender._bufferedBytes > 0; i++) await tick();
}

/** A sender whose socket notes what is written to it. */
function openDeflating(options) {
  const extension = new PerMessageDeflate({ isServer: true, ...options });
  const written = [];
  const socket = {
    destroyed: false,
    cork() {},
    uncork() {},
    write(data, callback) {
      written.push(data);
      if (callback) process.nextTick(callback, null);
    }
  };

  extension.accept([{}]);
  return {
    extension,
    sender: new Sender(socket, { 'permessage-deflate': extension }),
    socket,
    written
  };
}

module.exports = { deflating, FakeSocket, idle, openDeflating, TEXT };
