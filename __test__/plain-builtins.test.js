'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const ROOT = path.join(__dirname, '..');

/** What a program loads: not the commands, which only Node runs. */
function sources() {
  const inLib = fs
    .readdirSync(path.join(ROOT, 'lib'), { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .map((name) => path.join('lib', name));

  return ['index.js', ...inLib];
}

// Jest up to 26 takes `node:fs` for a file of that name. ws runs there.
test('modules of Node are required by their plain names', () => {
  const files = sources();
  const prefixed = files.filter((file) =>
    /require\('node:/.test(fs.readFileSync(path.join(ROOT, file), 'utf8'))
  );

  assert.ok(files.length > 50);
  assert.deepStrictEqual(prefixed, []);
});

test('a process without getBuiltinModule() has the modules required', () => {
  const { getBuiltinModule } = process;
  const file = path.join(ROOT, 'lib', 'builtins.js');

  for (const value of [undefined, null, 1]) {
    process.getBuiltinModule = value;
    delete require.cache[file];

    try {
      assert.strictEqual(require(file).fs, fs, String(value));
    } finally {
      process.getBuiltinModule = getBuiltinModule;
      delete require.cache[file];
    }
  }
});
