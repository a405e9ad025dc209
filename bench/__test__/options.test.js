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

test('a baseline is measured by turns with ws-rs, and nothing else', () => {
  const { baseline, isComplete, servers, workloads } = parseOptions([
    '--baseline',
    '/somewhere/old'
  ]);

  assert.strictEqual(baseline, '/somewhere/old');
  assert.strictEqual(isComplete, false);
  assert.deepStrictEqual(servers, ['baseline', 'ws-rs']);
  assert.deepStrictEqual(
    workloads.map(({ name }) => name),
    [
      '100x125',
      '64x32x16',
      '500x1k',
      '10x64k',
      '4x1m',
      '1x32',
      '100x125-text',
      'tls-100x125',
      'deflate-takeover-100x1k'
    ]
  );
});

test('peers and transports run with a baseline when they are named', () => {
  const args = '--baseline x --servers ws,ws-rs --transport stream'.split(' ');
  assert.deepStrictEqual(parseOptions(args).servers, [
    'ws',
    'baseline',
    'ws-rs',
    'baseline:stream',
    'ws-rs:stream'
  ]);
});

test('--rounds, --seconds and --only go before the defaults of a baseline', () => {
  const args = '--baseline x --rounds 2 --seconds 1 --only 1x32'.split(' ');
  const { rounds, seconds, warmUp, workloads } = parseOptions(args);

  assert.deepStrictEqual([rounds, seconds, warmUp], [2, 1, 0.5]);
  assert.deepStrictEqual(
    workloads.map(({ name }) => name),
    ['1x32']
  );
});

test('a baseline needs a path and ws-rs beside it', () => {
  assert.throws(() => parseOptions(['--baseline', '']), /--baseline/);
  assert.throws(
    () => parseOptions(['--baseline', 'x', '--servers', 'ws']),
    /--servers/
  );
  assert.throws(
    () => parseOptions(['--servers', 'baseline']),
    /baseline comes with --baseline DIR/
  );
});

test('paths are those of the folder that npm was called in', (t) => {
  const before = process.env.INIT_CWD;

  t.after(() => {
    if (before === undefined) delete process.env.INIT_CWD;
    else process.env.INIT_CWD = before;
  });
  process.env.INIT_CWD = '/here';

  const { baseline, node } = parseOptions(
    '--baseline ../old --node ./node24'.split(' ')
  );
  assert.deepStrictEqual([baseline, node], ['/old', '/here/node24']);
  assert.strictEqual(parseOptions(['--node', 'node24']).node, 'node24');
});

test('messages for many are sent by servers of their own, unless told', () => {
  const { isComplete, servers, workloads } = parseOptions(['--only', 'fanout']);

  assert.strictEqual(isComplete, true);
  assert.ok(workloads.every(({ kind }) => kind === 'fanout'));
  assert.deepStrictEqual(servers, [
    'ws',
    'ws+frame',
    'uws',
    'bun',
    'ws-rs',
    'ws-rs+frame',
    'ws-rs+broadcast',
    'ws-rs+topics'
  ]);
  assert.deepStrictEqual(
    parseOptions(['--only', 'fanout', '--servers', 'ws-rs']).servers,
    ['ws-rs']
  );
  assert.deepStrictEqual(parseOptions(['--only', 'fanout,1x32']).servers, [
    'ws',
    'ws:bufferutil',
    'uws',
    'bun',
    'ws-rs'
  ]);
});
