'use strict';

const { Buffer } = require('buffer');

const PerMessageDeflate = require('../compression/permessage-deflate');
const { isBlobPayload, toPayload } = require('../connection/payload');
const given = require('../given');
const Deflated = require('./deflated');
const { BINARY, FIN, TEXT } = require('../native/numbers').frame;
const checkNames = require('../option-names');

const { compress } = PerMessageDeflate.prototype;

const OPTIONS = ['binary', 'compress', 'except'];

/** A message for many connections. */
class SharedMessage {
  /**
   * @param {*} data A string, a number, or bytes in any form
   * @param {Object} [options]
   * @param {Boolean} [options.binary] Whether it is binary; all but strings and
   *     numbers are
   * @param {Boolean} [options.compress=true] Whether it may be compressed
   * @throws {TypeError} `data` or `options` are of no type that fits, or there is
   *     no option of some name
   */
  constructor(data, options) {
    checkOptions(options);

    const binary = given(options, 'binary');
    const mayCompress = given(options, 'compress', true);
    const isText = typeof data === 'string' || typeof data === 'number';
    const isBinary = binary === undefined ? !isText : Boolean(binary);

    /** Its bytes, which may be in the program's memory. */
    this.bytes = toBytes(data);
    /** The first byte of its frame. */
    this.first = FIN | (isBinary ? BINARY : TEXT);
    this.isBinary = isBinary;
    this.mayCompress = Boolean(mayCompress);
    this._isOwn = isText;
    /** What it was compressed to, for each way in which it was. */
    this._deflated = null;
  }

  /** How many bytes it has. */
  get length() {
    return this.bytes.length;
  }

  /**
   * Has its bytes where the program cannot change them any more.
   *
   * @return {Buffer} The bytes
   */
  keep() {
    if (!this._isOwn) {
      this.bytes = Buffer.from(this.bytes);
      this._isOwn = true;
    }

    return this.bytes;
  }

  /**
   * @param {PerMessageDeflate} pmd Of a connection
   * @return {Boolean} Whether it is to be compressed there
   */
  isCompressedFor(pmd) {
    return this.mayCompress && this.length >= pmd._threshold;
  }

  /**
   * @param {PerMessageDeflate} pmd Of a connection, where it is to be
   *     compressed
   * @return {Deflated|null} The message compressed; `null` if the connection
   *     has to do that itself, as somebody has replaced its `compress()`
   */
  deflatedFor(pmd) {
    if (pmd.compress !== compress) return null;

    const { sharedKey } = pmd;
    let deflated = this._deflated;

    // Mostly all connections have agreed on the same.
    while (deflated !== null && deflated.key !== sharedKey) {
      deflated = deflated.next;
    }

    if (deflated === null) {
      deflated = new Deflated(this, pmd, this._deflated);
      this._deflated = deflated;
    }

    return deflated;
  }
}

function checkOptions(options) {
  if (options === undefined || options === null) return;
  if (typeof options !== 'object') {
    throw new TypeError(
      'The options of a message for many are an object; there is no callback'
    );
  }

  for (const name in options) {
    if (!OPTIONS.includes(name)) {
      checkNames(options, OPTIONS, 'A message for many has no option');
    }
  }
}

function toBytes(data) {
  if (typeof data === 'string') return Buffer.from(data);
  if (typeof data === 'number') return Buffer.from(String(data));

  const payload = readPayload(data);

  if (isBlobPayload(payload)) {
    throw new TypeError(
      'A Blob has to be read before it is sent to many: send what its ' +
        'arrayBuffer() gives'
    );
  }

  return payload;
}

function readPayload(data) {
  try {
    return toPayload(data);
  } catch (err) {
    const what = data === null ? 'null' : typeof data;

    throw Object.assign(
      new TypeError(
        'The data of a message for many is a string, a number or bytes, ' +
          `not ${what}`,
        { cause: err }
      ),
      { code: err.code }
    );
  }
}

module.exports = SharedMessage;
