'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { hasLimits, limitsOf } = require('../../lib/api/limits');

const OPTIONS = {
  allowSynchronousEvents: true,
  maxBufferedChunks: 1,
  maxFragments: 2,
  maxPayload: 3,
  skipUTF8Validation: false
};

test('a connection gets the limits of its server, and no other option', () => {
  assert.deepEqual(limitsOf({ ...OPTIONS, path: '/' }), OPTIONS);
});

test('a class of the program hears of I/O threads if there are some', () => {
  assert.deepEqual(limitsOf({ ...OPTIONS, ioThreads: 0 }), OPTIONS);
  assert.deepEqual(limitsOf({ ...OPTIONS, ioThreads: 2 }), {
    ...OPTIONS,
    ioThreads: 2
  });
});

test('limits are made again when an option was changed', () => {
  const limits = limitsOf({ ...OPTIONS, ioThreads: 1 });

  assert.equal(hasLimits(OPTIONS, null), false);
  assert.equal(
    hasLimits({ ...OPTIONS, ioThreads: 1, path: '/' }, limits),
    true
  );

  for (const [name, value] of [
    ['allowSynchronousEvents', false],
    ['ioThreads', 0],
    ['maxBufferedChunks', 4],
    ['maxFragments', 4],
    ['maxPayload', 4],
    ['skipUTF8Validation', true]
  ]) {
    const changed = { ...OPTIONS, ioThreads: 1, [name]: value };

    assert.equal(hasLimits(changed, limits), false, name);
  }
});
