'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { MESSAGE_TOO_LONG } = require('../../lib/native/numbers').error;
const errors = require('../../lib/native/errors');
const { kStatusCode } = require('../../lib/constants');

const FRAME = 'Invalid WebSocket frame: ';

/** Kind, class, close code, code, message for the value 7. */
const TABLE = [
  [1, RangeError, 1002, 'WS_ERR_EXPECTED_FIN', `${FRAME}FIN must be set`],
  [2, RangeError, 1002, 'WS_ERR_EXPECTED_MASK', `${FRAME}MASK must be set`],
  [3, RangeError, 1002, 'WS_ERR_UNEXPECTED_MASK', `${FRAME}MASK must be clear`],
  [
    4,
    RangeError,
    1002,
    'WS_ERR_UNEXPECTED_RSV_1',
    `${FRAME}RSV1 must be clear`
  ],
  [
    5,
    RangeError,
    1002,
    'WS_ERR_UNEXPECTED_RSV_2_3',
    `${FRAME}RSV2 and RSV3 must be clear`
  ],
  [6, RangeError, 1002, 'WS_ERR_INVALID_OPCODE', `${FRAME}invalid opcode 7`],
  [
    7,
    RangeError,
    1002,
    'WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH',
    `${FRAME}invalid payload length 7`
  ],
  [
    8,
    RangeError,
    1002,
    'WS_ERR_INVALID_CLOSE_CODE',
    `${FRAME}invalid status code 7`
  ],
  [9, Error, 1007, 'WS_ERR_INVALID_UTF8', `${FRAME}invalid UTF-8 sequence`],
  [
    10,
    RangeError,
    1009,
    'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH',
    'Unsupported WebSocket frame: payload length > 2^53 - 1'
  ],
  [
    11,
    RangeError,
    1009,
    'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
    'Max payload size exceeded'
  ],
  [
    12,
    RangeError,
    1008,
    'WS_ERR_TOO_MANY_BUFFERED_PARTS',
    'Too many message fragments'
  ],
  [
    13,
    RangeError,
    1008,
    'WS_ERR_TOO_MANY_BUFFERED_PARTS',
    'Too many buffered chunks'
  ]
];

describe('protocolError', () => {
  for (const [kind, Class, closeCode, code, message] of TABLE) {
    it(`makes "${message}" of kind ${kind}, as ws does`, () => {
      const error = errors.protocolError(kind, 7, () => {});

      assert.strictEqual(error.constructor, Class);
      assert.strictEqual(error.message, message);
      assert.strictEqual(error.code, code);
      assert.strictEqual(error[kStatusCode], closeCode);
    });
  }

  it('begins the stack trace above the caller that it is told', () => {
    function decode() {
      return errors.protocolError(1, 0, decode);
    }

    function feed() {
      return decode();
    }

    const [, top] = feed().stack.split('\n');

    assert.match(top, /\bfeed\b/);
  });

  it('knows the kind of a message that is too long', () => {
    const error = errors.protocolError(MESSAGE_TOO_LONG, 0, () => {});

    assert.strictEqual(error.code, 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH');
  });
});

describe('corruptDataError', () => {
  it('makes the error that zlib makes, with the close code', () => {
    const error = errors.corruptDataError('invalid distance too far back');

    assert.strictEqual(error.constructor, Error);
    assert.strictEqual(error.message, 'invalid distance too far back');
    assert.strictEqual(error.code, 'Z_DATA_ERROR');
    assert.strictEqual(error.errno, -3);
    assert.strictEqual(error[kStatusCode], 1007);
  });
});

describe('takenAwayError', () => {
  it('names what to do', () => {
    const error = errors.takenAwayError();

    assert.ok(error instanceof TypeError);
    assert.strictEqual(error.code, 'WS_RS_DATA_DETACHED');
    assert.match(error.message, /send a copy/);
  });
});
