'use strict';

const { Buffer } = require('buffer');

const { util } = require('../builtins');
const { EMPTY_BUFFER } = require('../constants');
const { byteLength, toPayload } = require('./payload');
const { isValidStatusCode } = require('../validation');

const { isUint8Array } = util.types;

/** The most bytes of a control frame's payload (RFC 6455, section 5.5). */
const MAX_CONTROL_PAYLOAD = 125;

/**
 * @param {*} data What a ping or a pong is to carry
 * @return {(String|Buffer)} The payload
 * @throws {RangeError} It is too long
 */
function controlPayload(data) {
  const payload = toPayload(data);

  if (byteLength(payload) > MAX_CONTROL_PAYLOAD) {
    throw new RangeError('The data size must not be greater than 125 bytes');
  }

  return payload;
}

/**
 * @param {Number} [code] The status code (RFC 6455, section 7.4)
 * @param {(String|Uint8Array)} [data] The reason
 * @return {Buffer} The payload of a close frame
 * @throws {TypeError|RangeError} The code is none, or the reason is of another
 *     type or too long
 */
function closePayload(code, data) {
  if (code === undefined) return EMPTY_BUFFER;

  if (typeof code !== 'number' || !isValidStatusCode(code)) {
    throw new TypeError('First argument must be a valid error code number');
  }

  let reason = EMPTY_BUFFER;

  // Whatever has no length is no reason; `null` cannot be asked, as with ws.
  if (data !== undefined && data.length) {
    // Throws if it is neither a string nor bytes.
    if (Buffer.byteLength(data) > MAX_CONTROL_PAYLOAD - 2) {
      throw new RangeError('The message must not be greater than 123 bytes');
    }

    if (typeof data === 'string') {
      reason = Buffer.from(data);
    } else if (isUint8Array(data)) {
      reason = data;
    } else {
      throw new TypeError('Second argument must be a string or a Uint8Array');
    }
  }

  const payload = Buffer.allocUnsafe(2 + reason.length);

  payload.writeUInt16BE(code, 0);
  payload.set(reason, 2);

  return payload;
}

module.exports = { closePayload, controlPayload };
