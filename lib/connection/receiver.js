'use strict';

const { Writable } = require('stream');

const Decoder = require('./decoder');
const { kWebSocket } = require('../constants');
const { INFLATING, READING } = require('./event-dispatcher');
const native = require('../native');
const numbers = require('../native/numbers');
const { FinalizationRegistry } = require('../weak');

const { HELD_BYTES, MESSAGE_LENGTH } = numbers.counter;
const { CLOSE } = numbers.frame;

/** Frees the native state of receivers that nobody ends. */
const forgotten = new FinalizationRegistry((id) => native.connectionFree(id));

/**
 * The receiving half of a connection as a `Writable`: bytes are written to it,
 * messages come out as events.
 *
 * Events: `'message'(data, isBinary)`, `'ping'(Buffer)`, `'pong'(Buffer)`,
 * `'conclude'(code, Buffer)` for a close frame (RFC 6455, section 5.5.1), and
 * those of a `Writable`; a protocol violation is an `'error'`.
 */
class Receiver extends Writable {
  /**
   * @param {Object} [options]
   * @param {Boolean} [options.allowSynchronousEvents=true] Whether several
   *     events may be emitted in one tick
   * @param {String} [options.binaryType='nodebuffer'] The form of binary
   *     messages
   * @param {Object} [options.extensions={}] The negotiated extensions, by name
   * @param {Boolean} [options.isServer=false] Whether frames must be masked
   * @param {Number} [options.maxBufferedChunks=0] Chunks held for one frame; 0
   *     is no limit, here and below
   * @param {Number} [options.maxFragments=0] Frames of one message
   * @param {Number} [options.maxPayload=0] Bytes of one message
   * @param {Boolean} [options.skipUTF8Validation=false] Whether text and close
   *     reasons go unchecked
   */
  constructor(options = {}) {
    super();

    this._callback = null;
    this[kWebSocket] = undefined;

    if (options instanceof Decoder) {
      this._decoder = options;
    } else {
      this._decoder = new Decoder({
        allowSynchronousEvents:
          options.allowSynchronousEvents !== undefined
            ? options.allowSynchronousEvents
            : true,
        binaryType: options.binaryType || 'nodebuffer',
        extensions: options.extensions || {},
        isServer: !!options.isServer,
        maxBufferedChunks: options.maxBufferedChunks | 0,
        maxFragments: options.maxFragments | 0,
        maxPayload: options.maxPayload | 0,
        skipUTF8Validation: !!options.skipUTF8Validation
      });
      forgotten.register(this, this._decoder.id);
    }

    this._decoder.sink = this;
  }

  _write(chunk, encoding, callback) {
    const decoder = this._decoder;

    this._callback = callback;
    // A chunk that the decoder began before this receiver was asked for.
    if (decoder.busy && decoder.chunk === chunk) return;
    decoder.feed(chunk);
  }

  onMessage(data, isBinary) {
    this.emit('message', data, isBinary);
  }

  onPing(data) {
    this.emit('ping', data);
  }

  onPong(data) {
    this.emit('pong', data);
  }

  onConclude(code, reason) {
    this.emit('conclude', code, reason);
    this.end();
  }

  onChunkDone(err) {
    const callback = this._callback;

    this._callback = null;
    if (callback !== null) callback(err);
  }

  get _isServer() {
    return this._decoder.isServer;
  }

  /** 5 while a message is being inflated, 6 while an event waits, else 0. */
  get _state() {
    return this._decoder.state;
  }

  /** Whether it hands out events. */
  get _loop() {
    return this._decoder.busy && this._decoder.state === READING;
  }

  get _compressed() {
    return this._decoder.state === INFLATING;
  }

  /** Whether what comes is understood no more. */
  get _errored() {
    return this._decoder.failed;
  }

  get _opcode() {
    return this._decoder.concluded ? CLOSE : 0;
  }

  /** What the frames of the open message announced so far, in bytes. */
  get _totalPayloadLength() {
    return native.connectionState(this._decoder.id, MESSAGE_LENGTH);
  }

  /** Bytes held because a frame is incomplete. */
  get _bufferedBytes() {
    return native.connectionState(this._decoder.id, HELD_BYTES);
  }
}

// Users read these, and set them on open connections.
for (const name of [
  'allowSynchronousEvents',
  'binaryType',
  'extensions',
  'maxBufferedChunks',
  'maxFragments',
  'maxPayload',
  'skipUTF8Validation'
]) {
  Object.defineProperty(Receiver.prototype, '_' + name, {
    __proto__: null,
    configurable: true,
    enumerable: false,
    get() {
      return this._decoder[name];
    },
    set(value) {
      this._decoder[name] = value;
      this._decoder.configure();
    }
  });
}

module.exports = Receiver;
