'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const native = require('../../lib/native');
const { loadNative } = require('../../lib/native/loader');
const { version } = require('../../package.json');

test('the addon is the one that the loader finds, of this version', () => {
  assert.strictEqual(native, loadNative());
  assert.strictEqual(native.version, version);
});

test('the addon computes what RFC 6455, section 1.3, says it does', () => {
  assert.strictEqual(
    native.acceptKey('dGhlIHNhbXBsZSBub25jZQ=='),
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
  );
});
