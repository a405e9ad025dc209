'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { TARGETS } = require('../../scripts/targets');

const FOLDER = path.resolve(__dirname, '../../lib/native');

/** What a pattern captures in a file of lib/native, sorted. */
function captured(file, pattern) {
  const text = fs.readFileSync(path.join(FOLDER, file), 'utf8');

  return Array.from(text.matchAll(pattern), ([, name]) => name).sort();
}

const names = TARGETS.map(({ name }) => name).sort();

test('bundlers see a literal require() of each binary in the package', () => {
  assert.deepStrictEqual(
    captured(
      'literal-requires.js',
      /case '([\w-]+)':\s+return \{ found: require\('\.\.\/\.\.\/ws-rs\.\1\.node'\) \};/g
    ),
    names
  );
});

test('bundlers see a literal require() of each platform package', () => {
  assert.deepStrictEqual(
    captured(
      'literal-requires.js',
      /case '([\w-]+)':\s+return \{\s*found: require\(\s*'@ws-rs\/\1\/ws-rs\.\1\.node'\s*\),?\s*\};/g
    ),
    names
  );
});

test('ncc sees a literal path of each binary', () => {
  assert.deepStrictEqual(
    captured(
      'literal-paths.js',
      /__dirname,\s+'\.\.\/\.\.\/ws-rs\.([\w-]+)\.node'/g
    ),
    names
  );
  assert.deepStrictEqual(
    captured(
      'literal-paths.js',
      /__dirname,\s+'\.\.\/\.\.\/\.\.\/@ws-rs\/([\w-]+)\/ws-rs\.\1\.node'/g
    ),
    names
  );
});
