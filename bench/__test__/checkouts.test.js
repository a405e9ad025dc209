'use strict';

const assert = require('node:assert');
const {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync
} = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { prepareCheckout, versionOf } = require('../lib/checkouts');

/** A folder with these files. */
function folderWith(t, files) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-checkout-'));

  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);

    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return folder;
}

const complete = {
  'package.json': '{ "name": "ws-rs", "version": "7.8.9" }',
  'index.js': '',
  'scripts/build.js': ''
};

test('what is not a checkout of ws-rs is refused with the reason', (t) => {
  const refusal = (files) => {
    const folder = folderWith(t, files);
    try {
      prepareCheckout(folder);
    } catch ({ message }) {
      assert.ok(message.startsWith(`${folder} is not a checkout of ws-rs: `));
      return message.slice(message.indexOf(': ') + 2);
    }
    return null;
  };

  assert.throws(
    () => prepareCheckout('/nowhere/at/all'),
    /not a checkout of ws-rs: there is no such folder/
  );
  assert.strictEqual(refusal({}), 'it has no package.json');
  assert.strictEqual(
    refusal({ ...complete, 'package.json': '{ "name": "ws" }' }),
    'its package.json is that of ws'
  );
  assert.match(
    refusal({ ...complete, 'package.json': '{' }),
    /^its package\.json cannot be read/
  );
  assert.strictEqual(
    refusal({ 'package.json': '{}', 'index.js': '' }),
    'it has no scripts/build.js'
  );
  assert.strictEqual(refusal(complete), null);
});

test('a checkout is built by its own script, in its own folder, if stale', (t) => {
  const folder = folderWith(t, {
    ...complete,
    'scripts/build.js':
      'require("fs").writeFileSync("built", process.argv.slice(2).join())'
  });

  prepareCheckout(folder);

  assert.strictEqual(
    readFileSync(path.join(folder, 'built'), 'utf8'),
    '--if-stale'
  );
});

test('a build that fails names the checkout', (t) => {
  const folder = folderWith(t, {
    ...complete,
    'scripts/build.js': 'process.exit(1)'
  });
  assert.throws(() => prepareCheckout(folder), {
    message: `ws-rs in ${folder} could not be built (see above)`
  });
});

test('a checkout without git has the version of its package', (t) => {
  assert.strictEqual(versionOf(folderWith(t, complete)), '7.8.9');
});
