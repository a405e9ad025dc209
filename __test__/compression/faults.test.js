'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { kStatusCode } = require('../../lib/constants');
const {
  CLOSED,
  FAILED,
  OUT_OF_MEMORY,
  TAKEN_AWAY,
  TOO_LONG,
  faultError
} = require('../../lib/compression/faults');

describe('The error of a payload without bytes', () => {
  function summary(fault) {
    const error = faultError(fault, 'inflate', summary);

    assert.ok(error instanceof Error);
    return [error.code, error[kStatusCode], error.message];
  }

  it('is that of zlib for corrupt data and for lack of memory', () => {
    assert.deepStrictEqual(summary('invalid block type'), [
      'Z_DATA_ERROR',
      1007,
      'invalid block type'
    ]);
    assert.deepStrictEqual(summary(OUT_OF_MEMORY).slice(0, 2), [
      'Z_MEM_ERROR',
      1007
    ]);
  });

  it('is that of the sender for what was taken away, and of its own for a receiver', () => {
    assert.deepStrictEqual(summary(TAKEN_AWAY), [
      undefined,
      1011,
      'The memory of a message was detached before it was inflated'
    ]);
    assert.strictEqual(
      faultError(TAKEN_AWAY, 'deflate', summary).code,
      'WS_RS_DATA_DETACHED'
    );
  });

  it('is that of the limit for a message that is too long', () => {
    assert.deepStrictEqual(summary(TOO_LONG), [
      'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH',
      1009,
      'Max payload size exceeded'
    ]);
  });

  it('asks for a report where we are at fault', () => {
    const [code, closeCode, message] = summary(FAILED);

    assert.strictEqual(code, 'WS_RS_COMPRESSION_FAILED');
    assert.strictEqual(closeCode, 1011);
    assert.match(message, /could not inflate .* please report/);
  });

  it('says that the stream was closed', () => {
    assert.strictEqual(
      summary(CLOSED)[2],
      'The inflate stream was closed while data was being processed'
    );
  });
});
