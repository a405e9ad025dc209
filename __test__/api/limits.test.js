'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { limitsOf, sharedLimits } = require('../../lib/api/limits');

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

test('connections share their limits as long as no option is changed', () => {
  const options = { ...OPTIONS, ioThreads: 1 };
  const limits = sharedLimits(options, null);

  assert.deepEqual(limits, options);
  assert.equal(sharedLimits({ ...options, path: '/' }, limits), limits);

  for (const [name, value] of [
    ['allowSynchronousEvents', false],
    ['ioThreads', 2],
    ['maxBufferedChunks', 4],
    ['maxFragments', 4],
    ['maxPayload', 4],
    ['skipUTF8Validation', true]
  ]) {
    const changed = { ...options, [name]: value };

    assert.deepEqual(sharedLimits(changed, limits), changed, name);
  }
});
