'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { slotOf } = require('../../lib/adapters/redis-slot');

// What CLUSTER KEYSLOT of Redis 7.0 says.
const SLOTS = {
  '': 0,
  123456789: 0x31c3,
  foo: 12182,
  'a{foo}b': 12182,
  '{foo}{bar}': 12182,
  'a}{foo}': 12182,
  '{}foo': 9500,
  '{foo': 13308,
  'ä\u{1f600}': 6205
};

describe('slotOf', () => {
  it('gives the slot that Redis gives', () => {
    for (const [channel, slot] of Object.entries(SLOTS)) {
      assert.strictEqual(slotOf(channel), slot, channel);
    }
  });
});
