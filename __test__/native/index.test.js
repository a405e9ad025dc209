'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const native = require('../../lib/native');
const { loadNative } = require('../../lib/native/loader');
const { version } = require('../../package.json');

test('the addon that the loader finds is of this version', () => {
  assert.strictEqual(loadNative().version, version);
});

test('each binding has functions and a state of its own', () => {
  const other = loadNative().createBinding();
  const create = (binding) => binding.connectionCreate(true, 0, 0, 0, 0);

  assert.deepStrictEqual(Object.keys(other), Object.keys(native));
  assert.notStrictEqual(other.endTick, native.endTick);
  create(native);
  create(native);
  assert.strictEqual(create(other), create(loadNative().createBinding()));
});

test('what keeps a binding alive is out of reach', () => {
  const { endTick } = loadNative().createBinding();

  assert.deepStrictEqual(Object.keys(endTick), []);
  assert.throws(() => {
    delete endTick.values;
  }, TypeError);
  assert.throws(() => {
    endTick.values = null;
  }, TypeError);
});

test('the addon computes what RFC 6455, section 1.3, says it does', () => {
  assert.strictEqual(
    native.acceptKey('dGhlIHNhbXBsZSBub25jZQ=='),
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
  );
});

test('a long payload is masked as a short one is, also where it is', () => {
  const key = Buffer.from('37fa213d', 'hex');
  // Over several of the pieces that it is masked in, and no whole number of them.
  const payload = Buffer.from(Array.from({ length: 9001 }, (_, i) => i));
  const masked = payload.map((byte, i) => byte ^ key[i % 4]);
  const target = Buffer.alloc(9010, 0xee);

  native.mask(payload, key, target);
  assert.deepStrictEqual(target.subarray(0, 9001), masked);
  assert.deepStrictEqual(target.subarray(9001), Buffer.alloc(9, 0xee));
  native.mask(payload, key, payload);
  assert.deepStrictEqual(payload, masked);
});
