'use strict';

const Decoder = require('../../lib/connection/decoder');
const PerMessageDeflate = require('../../lib/compression/permessage-deflate');
const { tick } = require('./events');

/** Logs what it is told; `on...` members can be replaced. */
class Sink {
  log = [];

  onMessage(data, isBinary) {
    this.log.push(`${isBinary ? 'binary' : 'text'} ${data}`);
  }

  onPing(data) {
    this.log.push(`ping ${data}`);
  }

  onPong(data) {
    this.log.push(`pong ${data}`);
  }

  onConclude(code, reason) {
    this.log.push(`close ${code} ${reason}`);
  }

  onChunkDone(err) {
    this.log.push(err ? `failed ${err.code}` : 'done');
  }
}

function create(options) {
  const decoder = new Decoder({
    allowSynchronousEvents: true,
    binaryType: 'nodebuffer',
    extensions: {},
    isServer: false,
    maxBufferedChunks: 0,
    maxFragments: 0,
    maxPayload: 0,
    skipUTF8Validation: false,
    ...options
  });

  decoder.sink = new Sink();
  return decoder;
}

function inflating() {
  const pmd = new PerMessageDeflate();

  pmd.accept([{}]);
  return { 'permessage-deflate': pmd };
}

/** Waits until a decoder is done with its chunk. */
async function finished(decoder) {
  for (let i = 0; i < 1000 && decoder.busy; i++) await tick();
}

module.exports = { create, finished, inflating };
