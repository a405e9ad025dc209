'use strict';

const { AsyncResource } = require('async_hooks');

const native = require('./native');

/**
 * Payloads of more bytes are worked on by another thread. Below, the hop there
 * and back takes longer than the work; above, the event loop would be held up.
 */
const INLINE_DEFLATE = 16 * 1024;
const INLINE_INFLATE = 8 * 1024;

/**
 * Whoever watches a connection being closed finds its last message still being
 * inflated with ws, as zlib's two jobs take longer than a socket takes to close
 * after its last bytes: two or three turns of the event loop.
 */
const WATCHED_TURNS = 6;

const DEFAULT_LEVEL = 6;
const DEFAULT_MEM_LEVEL = 8;
const DEFAULT_CHUNK_SIZE = 16 * 1024;

/** Frees the native state of codecs that nobody closes. */
const forgotten = new FinalizationRegistry((id) => native.codecFree(id));

/** Jobs on other threads: token -> what to call with the result. */
const jobs = new Map();
let lastToken = 0;

native.onJobsDone(() => {
  const done = native.takeDone();

  next(0);

  // One listener that throws must not keep the others from their results.
  function next(from) {
    for (let i = from; i < done.length; i += 2) {
      const callback = jobs.get(done[i]);
      let thrown = true;

      jobs.delete(done[i]);

      try {
        callback(done[i + 1]);
        thrown = false;
      } finally {
        if (thrown) setImmediate(next, i + 2);
      }
    }
  }
});

function newToken(callback) {
  do lastToken = (lastToken + 1) >>> 0 || 1;
  while (jobs.has(lastToken));

  // Results come back in nobody's async context.
  jobs.set(lastToken, AsyncResource.bind(callback));
  return lastToken;
}

class Codec {
  constructor(id, chunkSize) {
    this._id = id;
    this._chunkSize = chunkSize;
    forgotten.register(this, id, this);
  }

  free() {
    forgotten.unregister(this);
    native.codecFree(this._id);
  }
}

class Deflater extends Codec {
  constructor(id, chunkSize, level) {
    super(id, chunkSize);
    this._level = level;
  }

  /** Compresses; `callback(result)` comes in a later macrotask. */
  run(data, fin, reset, callback) {
    if (data.length > INLINE_DEFLATE) {
      native.deflate(this._id, data, fin, reset, newToken(callback));
    } else {
      setImmediate(callback, native.deflate(this._id, data, fin, reset, 0));
    }
  }
}

class Inflater extends Codec {
  /** Inflates; `callback(result)` comes in a later macrotask. */
  run(data, fin, reset, limit, watched, callback) {
    const deliver = watched ? (result) => later(callback, result) : callback;

    if (data.length > INLINE_INFLATE) {
      native.inflate(this._id, data, fin, reset, limit, newToken(deliver));
    } else {
      setImmediate(
        deliver,
        native.inflate(this._id, data, fin, reset, limit, 0)
      );
    }
  }
}

function later(callback, result, turns = WATCHED_TURNS) {
  if (turns === 0) callback(result);
  else setImmediate(later, callback, result, turns - 1);
}

/**
 * @param {Number} windowBits 8 to 15
 * @param {Object} [options] `zlibDeflateOptions`
 */
function createDeflater(windowBits, options = {}) {
  const level = options.level ?? DEFAULT_LEVEL;
  const id = native.deflaterCreate(
    level,
    windowBits,
    options.memLevel ?? DEFAULT_MEM_LEVEL,
    options.strategy ?? 0,
    asBytes(options.dictionary)
  );

  return new Deflater(id, options.chunkSize ?? DEFAULT_CHUNK_SIZE, level);
}

/**
 * @param {Number} windowBits 8 to 15
 * @param {Object} [options] `zlibInflateOptions`
 */
function createInflater(windowBits, options = {}) {
  const id = native.inflaterCreate(windowBits, asBytes(options.dictionary));

  return new Inflater(id, options.chunkSize ?? DEFAULT_CHUNK_SIZE);
}

function asBytes(dictionary) {
  if (dictionary === undefined || ArrayBuffer.isView(dictionary)) {
    return dictionary;
  }

  return Buffer.from(dictionary);
}

module.exports = { createDeflater, createInflater };
