'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const constants = require('../lib/constants');

describe('constants', () => {
  it('names the binary types, blob included', () => {
    assert.strictEqual(constants.hasBlob, true);
    assert.deepStrictEqual(constants.BINARY_TYPES, [
      'nodebuffer',
      'arraybuffer',
      'fragments',
      'blob'
    ]);
  });

  it('gives the closing handshake 30 seconds', () => {
    assert.strictEqual(constants.CLOSE_TIMEOUT, 30000);
  });

  it('has an empty buffer without bytes', () => {
    assert.ok(Buffer.isBuffer(constants.EMPTY_BUFFER));
    assert.strictEqual(constants.EMPTY_BUFFER.length, 0);
  });

  it('has the GUID of RFC 6455, section 1.3', () => {
    assert.strictEqual(constants.GUID, '258EAFA5-E914-47DA-95CA-C5AB0DC85B11');
  });

  it('has a different symbol for each private property', () => {
    const { kForOnEventAttribute, kListener, kStatusCode, kWebSocket } =
      constants;
    const symbols = [kForOnEventAttribute, kListener, kStatusCode, kWebSocket];

    for (const symbol of symbols) assert.strictEqual(typeof symbol, 'symbol');
    assert.strictEqual(new Set(symbols).size, 4);
  });

  it('has the ready states of the WHATWG interface', () => {
    assert.deepStrictEqual(constants.READY_STATE, {
      CONNECTING: 0,
      OPEN: 1,
      CLOSING: 2,
      CLOSED: 3
    });
  });

  it('has a function that does nothing', () => {
    assert.strictEqual(constants.NOOP(1, 2, 3), undefined);
  });
});
