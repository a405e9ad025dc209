'use strict';

const assert = require('node:assert');
const { test } = require('node:test');

const { parseOptions } = require('../lib/options');

test('three rounds of all workloads without --quick are a complete run', () => {
  assert.strictEqual(parseOptions([]).isComplete, true);
  assert.strictEqual(parseOptions(['--rounds', '2']).isComplete, false);
  assert.strictEqual(parseOptions(['--quick']).isComplete, false);
  assert.strictEqual(parseOptions(['--only', '1x32']).isComplete, false);
  assert.strictEqual(parseOptions(['--only', 'deflate']).isComplete, false);
  assert.strictEqual(
    parseOptions(['--only', 'deflate,deflate-memory']).isComplete,
    true
  );
  assert.strictEqual(
    parseOptions(['--only', 'deflate,deflate-memory', '--quick']).isComplete,
    false
  );
});

test('--transport adds columns of ws-rs to the servers', () => {
  const args = ['--servers', 'ws,ws-rs:loop', '--transport', 'stream,loop'];
  assert.deepStrictEqual(parseOptions(args).servers, [
    'ws',
    'ws-rs:loop',
    'ws-rs:stream'
  ]);
});

test('--only takes names and groups, in the order of the workloads', () => {
  const { workloads } = parseOptions(['--only', 'idle,tls']);
  assert.deepStrictEqual(
    workloads.map(({ name }) => name),
    ['tls-100x125', 'tls-10x64k', 'idle']
  );
});

test('what is not named runs without the extra workloads', () => {
  const { workloads } = parseOptions([]);
  assert.ok(workloads.some(({ name }) => name === '4x1m'));
  assert.ok(workloads.every(({ group }) => group !== 'deflate'));
});

test('a wrong value is named in the error', () => {
  assert.throws(() => parseOptions(['--rounds', '0']), /--rounds/);
  assert.throws(() => parseOptions(['--seconds', 'x']), /--seconds/);
  assert.throws(() => parseOptions(['--core', '-1']), /--core/);
  assert.throws(() => parseOptions(['--only', 'nothing']), /nothing/);
  assert.throws(() => parseOptions(['--servers', 'ws-rs:carrier']), /carrier/);
});
