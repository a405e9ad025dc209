'use strict';
const { util } = require('../builtins');

const { inspect, types } = util;

/** What zlib takes, from and to. The window is negotiated, not an option. */
const RANGES = {
  chunkSize: [64, Infinity],
  level: [-1, 9],
  memLevel: [1, 9],
  strategy: [0, 4]
};

/**
 * Refuses options that zlib would refuse, before any connection has them: `ws`
 * meets them when the first message is to be compressed or inflated. Node's zlib
 * checks them only by making a stream, which takes hundreds of kilobytes. A number
 * that is `NaN` stands for the default, as in Node's zlib.
 *
 * @param {Object} [options] Of permessage-deflate; looked at are
 *     `zlibDeflateOptions` and `zlibInflateOptions`
 * @throws {RangeError} With code `ERR_OUT_OF_RANGE`, for a number out of range
 * @throws {TypeError} With code `ERR_INVALID_ARG_TYPE`, for a value of another
 *     type
 */
function checkZlibOptions(options) {
  for (const name of ['zlibDeflateOptions', 'zlibInflateOptions']) {
    const zlibOptions = Object(options) === options ? options[name] : undefined;

    if (zlibOptions !== undefined && zlibOptions !== null) {
      check({ ...zlibOptions }, name);
    }
  }
}

function check(options, name) {
  for (const [key, [least, most]] of Object.entries(RANGES)) {
    const value = options[key];

    if (value === undefined || Number.isNaN(value)) continue;

    if (typeof value !== 'number') {
      throw invalid(`${name}.${key}`, 'a number', value);
    }

    if (value < least || value > most || !Number.isFinite(value)) {
      throw outOfRange(`${name}.${key}`, least, most, value);
    }
  }

  const { dictionary } = options;

  if (
    dictionary !== undefined &&
    !ArrayBuffer.isView(dictionary) &&
    !types.isAnyArrayBuffer(dictionary)
  ) {
    throw invalid(
      `${name}.dictionary`,
      'a Buffer, TypedArray, DataView or ArrayBuffer',
      dictionary
    );
  }
}

function outOfRange(name, least, most, value) {
  const range =
    most === Infinity
      ? `a finite number of at least ${least}`
      : `from ${least} to ${most}`;

  return withCode(
    new RangeError(`"${name}" must be ${range}, not ${value}`),
    'ERR_OUT_OF_RANGE'
  );
}

function invalid(name, what, value) {
  const given = inspect(value, { breakLength: Infinity, depth: 0 });

  return withCode(
    new TypeError(`"${name}" must be ${what}, not ${given}`),
    'ERR_INVALID_ARG_TYPE'
  );
}

function withCode(error, code) {
  error.code = code;
  return error;
}

module.exports = { checkZlibOptions };
