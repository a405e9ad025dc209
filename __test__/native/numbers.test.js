'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const { test } = require('node:test');

const { loadNative } = require('../../lib/native/loader');
const numbers = require('../../lib/native/numbers');
const { FILE, toModule } = require('../../scripts/numbers');

test('the numbers of both languages are the same', () => {
  assert.strictEqual(
    fs.readFileSync(FILE, 'utf8'),
    toModule(loadNative().numbers()),
    'npm run build writes lib/native/numbers.js'
  );
});

test('the first byte of a frame is that of RFC 6455, section 5.2', () => {
  assert.deepStrictEqual(numbers.frame, {
    ...{ FIN: 0x80, RSV1: 0x40, OPCODE: 0x0f },
    ...{ TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 }
  });
});

test('no flag of a frame is in its first byte, or in another flag', () => {
  const flags = Object.values(numbers.flag);

  assert.strictEqual(
    flags.reduce((sum, flag) => sum + flag, 0xff),
    flags.reduce((all, flag) => all | flag, 0xff)
  );
});
