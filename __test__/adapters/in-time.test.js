'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { inTime, orLate } = require('../../lib/adapters/in-time');

const NEVER = new Promise(() => {});

test('a last answer is waited for, whatever it is', async () => {
  assert.equal(await inTime(Promise.resolve(1)), undefined);
  assert.equal(await inTime(Promise.reject(new Error('no'))), undefined);
});

test('an answer that is needed is passed on', async () => {
  assert.equal(await orLate(Promise.resolve(1)), 1);
  await assert.rejects(orLate(Promise.reject(new Error('no'))), /^Error: no$/);
});

test('one that does not come is given up', async () => {
  await Promise.all([
    inTime(NEVER),
    assert.rejects(orLate(NEVER), /see whether its process is stopped/)
  ]);
});
