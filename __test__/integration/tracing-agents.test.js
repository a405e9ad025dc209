'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');
const { promisify } = require('node:util');

const PROGRAM = path.join(__dirname, '..', 'support', 'traced-program.js');
const OURS = path.join(__dirname, '..', '..');
const WS = path.dirname(require.resolve('ws/package.json'));

/** What the hooks in a package have seen; see traced-program.js. */
async function trace(root, classes, options) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [PROGRAM, root, classes, JSON.stringify(options)],
    { timeout: 60_000 }
  );

  return JSON.parse(stdout);
}

// Datadog's agent wraps the first three.
for (const classes of [
  'server,websocket,receiver',
  'server',
  'websocket',
  'receiver',
  'sender',
  'receiver,sender'
]) {
  for (const options of [
    {},
    { perMessageDeflate: { threshold: 100 } },
    { perMessageDeflate: { serverNoContextTakeover: true, threshold: 100 } }
  ]) {
    const how = options.perMessageDeflate ? JSON.stringify(options) : 'plain';

    test(`hooks in ${classes} see what they see with ws, ${how}`, async () => {
      const [theirs, ours] = await Promise.all([
        trace(WS, classes, options),
        trace(OURS, classes, options)
      ]);

      assert.ok(theirs.length > 3);
      assert.deepEqual(ours, theirs);
    });
  }
}
