'use strict';

const given = require('../given');
const { createDeflater } = require('./deflater');
const { createInflater } = require('./inflater');
const Limiter = require('./limiter');
const negotiation = require('./negotiation');
const { CLOSED, faultError, TAKEN_AWAY } = require('./faults');
const native = require('../native');
const timers = require('../timers');
const toBuffer = require('../to-buffer');
const IdleSweep = require('./idle-sweep');
const { checkZlibOptions } = require('./zlib-options');

/** Messages of fewer bytes are not worth compressing, if that may be chosen. */
const DEFAULT_THRESHOLD = 1024;
/** No codec has this number. */
const NO_CODEC = Number.MAX_SAFE_INTEGER;
/** Jobs at once on other threads. */
const DEFAULT_CONCURRENCY = 10;

/** Made by the first instance, for all. */
let limiter = null;

/**
 * The permessage-deflate extension (RFC 7692): its negotiation, and the
 * compression of messages once it is agreed on.
 */
class PerMessageDeflate {
  /**
   * @param {Object} [options]
   * @param {Boolean|Number} [options.clientMaxWindowBits] Ask for, or accept,
   *     a limit of the client's window; 8 to 15 names it
   * @param {Boolean} [options.clientNoContextTakeover=false] Have the client
   *     forget its context after each message
   * @param {Number} [options.concurrencyLimit=10] Jobs at once on other
   *     threads, of all instances; the first one decides
   * @param {Number} [options.idleTimeout=0] An addition to ws: milliseconds
   *     without a message to compress after which this end's context is given
   *     up, and its memory with it; 0 is never
   * @param {Boolean} [options.isServer=false] Which end this is
   * @param {Number} [options.maxPayload=0] The most bytes of an inflated
   *     message; 0 is no limit
   * @param {Boolean|Number} [options.serverMaxWindowBits] As above, for the
   *     server's window
   * @param {Boolean} [options.serverNoContextTakeover=false] As above, for the
   *     server's context
   * @param {Number} [options.threshold=1024] Messages of fewer bytes are not
   *     compressed where this end keeps no context
   * @param {Object} [options.zlibDeflateOptions] `level`, `memLevel`,
   *     `strategy`, `dictionary`, `chunkSize`
   * @param {Object} [options.zlibInflateOptions] `dictionary`, `chunkSize`
   * @throws {RangeError|TypeError} For options that zlib refuses
   */
  constructor(options) {
    checkZlibOptions(options);
    IdleSweep.check(options);

    this._options = options || {};
    this._threshold = orDefault(this._options.threshold, DEFAULT_THRESHOLD);
    this._maxPayload = this._options.maxPayload | 0;
    this._isServer = !!this._options.isServer;
    this._deflate = null;
    this._inflate = null;
    this._sharedKey = null;
    /** Whether somebody watches how long a message takes to inflate. */
    this.isWatched = false;

    /** Who waits for its turn to have an I/O thread compress. */
    this.packing = null;
    /** What `cleanup()` calls. */
    this._atCleanup = null;

    /** The agreed parameters; `null` before `accept()`. */
    this.params = null;

    if (limiter === null) {
      limiter = new Limiter(
        orDefault(this._options.concurrencyLimit, DEFAULT_CONCURRENCY)
      );
    }
  }

  /** The extension's name in `Sec-WebSocket-Extensions`. */
  static get extensionName() {
    return 'permessage-deflate';
  }

  /**
   * Makes the client's offer.
   *
   * @return {Object} Parameters for `Sec-WebSocket-Extensions`
   */
  offer() {
    return negotiation.offer(this._options);
  }

  /**
   * Takes the client's offers (as a server) or the server's answer.
   *
   * @param {Object[]} configurations Parsed parameters, one object an offer
   * @return {Object} The agreed parameters
   * @throws {Error|TypeError} No offer can be accepted, or the answer is
   *     invalid
   */
  accept(configurations) {
    const normalized = negotiation.normalize(configurations, this._isServer);

    this.params = this._isServer
      ? negotiation.acceptOffer(normalized, this._options)
      : negotiation.acceptAnswer(normalized, this._options);

    return this.params;
  }

  /**
   * Frees the compression states. Whoever still waits for bytes gets an error,
   * at once.
   */
  cleanup() {
    const { _deflate: deflater, _inflate: inflater, packing } = this;

    if (packing !== null) packing.packNow();
    this._deflate = null;
    this._inflate = null;

    try {
      if (inflater !== null) inflater.free();
    } finally {
      try {
        callAtCleanup(this);
      } finally {
        if (deflater !== null) deflater.free();
      }
    }
  }

  /**
   * Calls back in `cleanup()`, or two turns of the loop later if that is not
   * called before: what another thread would make is there no sooner, and a socket
   * that was destroyed in this turn is closed by then.
   *
   * @param {Function} callback Who has a result that comes too late
   */
  whenCleaned(callback) {
    this._atCleanup = callback;
    timers.afterTurns(1, callAtCleanup, this);
  }

  /**
   * Inflates a frame's payload; the callback comes in a later macrotask. Frames
   * that are given before have their turn first.
   *
   * @param {Buffer} data The compressed bytes
   * @param {Boolean} fin Whether the frame ends its message
   * @param {Function} callback Called with an error or the bytes
   */
  decompress(data, fin, callback) {
    const { params } = this;

    if (this._inflate === null) {
      this._inflate = createInflater(
        windowBits(params, this._isServer ? 'client' : 'server'),
        { ...this._options.zlibInflateOptions },
        limiter
      );
    }

    this._inflate.run(
      toBuffer(data),
      fin,
      fin && this._peerForgets,
      this._maxPayload,
      this.isWatched,
      inflated,
      this,
      callback
    );
  }

  /**
   * Compresses a frame's payload; the callback comes in a later macrotask.
   * Payloads that are given before have their turn first.
   *
   * @param {(Buffer|String|ArrayBufferView)} data The bytes, or text
   * @param {Boolean} fin Whether the frame ends its message
   * @param {Function} callback Called with an error or the compressed bytes
   */
  compress(data, fin, callback) {
    this._compress(data, fin, false, callback);
  }

  /**
   * As `compress()`, for a caller who lets no program see the bytes and has
   * copied them when the callback returns: they may lie beside those of other
   * connections.
   */
  compressLent(data, fin, callback) {
    this._compress(data, fin, true, callback);
  }

  /**
   * Has the I/O thread of a connection inflate the messages that come from now
   * on, unless somebody has put another `decompress()` there.
   *
   * @param {Number} id The native connection, of which a message was inflated
   */
  inflateOnThread(id) {
    if (this._inflate === null || !this.inflatesItself) return;

    native.inflateOnThread(
      id,
      this._inflate.id,
      this._peerForgets,
      this._maxPayload
    );
  }

  /** Whether nobody has put another `decompress()` there. */
  get inflatesItself() {
    return this.decompress === decompress;
  }

  /**
   * The number of the compressor, for an I/O thread that is to compress a message
   * now; -1 if it may not.
   */
  codecForThread() {
    if (this.compress !== compress) return -1;
    if (this._deflate === null) this._deflate = this._createDeflater();
    if (!this._deflate.isIdle) return -1;

    this._deflate.touch();
    return this._deflate.id;
  }

  /**
   * What has to be the same for what is compressed without reference to other
   * messages to be understood by the peers of several connections.
   */
  get sharedKey() {
    if (this._sharedKey === null) {
      const { level, memLevel, strategy } =
        this._options.zlibDeflateOptions ?? {};

      this._sharedKey = [this._deflateBits, level, memLevel, strategy].join();
    }

    return this._sharedKey;
  }

  /**
   * Makes a compressor for such messages.
   *
   * @return {Deflater} To be used with `runShared()`, and then to be freed
   */
  createSharedDeflater() {
    const options = { ...this._options.zlibDeflateOptions };

    // That is something else that was sent before.
    delete options.dictionary;
    return createDeflater(this._deflateBits, options, limiter, 0);
  }

  /**
   * The number of the compressor that has to know what else the peer was sent,
   * or one that no compressor has.
   */
  get contextCodec() {
    const deflater = this._contextDeflater();

    return deflater === null ? NO_CODEC : deflater.id;
  }

  /**
   * The peer is sent what another compressor made of a message.
   *
   * @param {Buffer} end The end of that message, 4 KiB if it is so long
   */
  see(end) {
    const deflater = this._contextDeflater();

    if (deflater !== null) deflater.see(end);
  }

  _contextDeflater() {
    if (this.forgets) return null;

    // Without a dictionary, one that has sent nothing yet refers to nothing.
    if (
      this._deflate === null &&
      this._options.zlibDeflateOptions?.dictionary !== undefined
    ) {
      this._deflate = this._createDeflater();
    }

    return this._deflate;
  }

  /** Whether the other end forgets its context after each message. */
  get _peerForgets() {
    const { params } = this;

    return !!(this._isServer
      ? params.client_no_context_takeover
      : params.server_no_context_takeover);
  }

  /** Whether this end forgets its context after each message. */
  get forgets() {
    const { params } = this;

    return !!(this._isServer
      ? params.server_no_context_takeover
      : params.client_no_context_takeover);
  }

  get _deflateBits() {
    return windowBits(this.params, this._isServer ? 'server' : 'client');
  }

  _createDeflater() {
    return createDeflater(
      this._deflateBits,
      { ...this._options.zlibDeflateOptions },
      limiter,
      // Without takeover nothing is kept between two messages anyway.
      this.forgets ? 0 : given(this._options, 'idleTimeout')
    );
  }

  _compress(data, fin, lend, callback) {
    if (this._deflate === null) this._deflate = this._createDeflater();

    this._deflate.run(
      toBuffer(data),
      fin,
      fin && this.forgets,
      lend,
      deflated,
      this,
      callback
    );
  }
}

/** Somebody may put others in their place. */
const { compress, decompress } = PerMessageDeflate.prototype;

function inflated(result, pmd, callback) {
  if (typeof result === 'object') {
    callback(null, result);
    return;
  }

  const error = faultError(result, 'inflate', inflated);
  let inflater = null;

  // Whoever is told that it is closed may have made another one.
  if (result !== CLOSED) {
    inflater = pmd._inflate;
    pmd._inflate = null;
  }

  fail(inflater, callback, error);
}

function deflated(result, pmd, callback) {
  if (typeof result === 'object') {
    callback(null, result);
    return;
  }

  const error = faultError(result, 'deflate', deflated);
  let deflater = null;

  // What was taken away before it began leaves the context as it was.
  if (result !== CLOSED && result !== TAKEN_AWAY) {
    deflater = pmd._deflate;
    pmd._deflate = null;
  }

  fail(deflater, callback, error);
}

function callAtCleanup(pmd) {
  const { _atCleanup: callback } = pmd;

  pmd._atCleanup = null;
  if (callback !== null) callback();
}

/** A codec that failed is of no use to who is behind in its line either. */
function fail(codec, callback, error) {
  try {
    // With as many arguments as ws gives.
    callback(error, undefined);
  } finally {
    if (codec !== null) codec.free();
  }
}

/** An option that is `null` is not left out, as in ws. */
function orDefault(value, fallback) {
  return value === undefined ? fallback : value;
}

function windowBits(params, endpoint) {
  const bits = params[`${endpoint}_max_window_bits`];

  return typeof bits === 'number' ? bits : 15;
}

module.exports = PerMessageDeflate;
