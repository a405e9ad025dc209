'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { ROOT } = require('./support/programs');

const PROGRAM = path.join(ROOT, 'scripts/fanout/index.js');

function fuzz(...args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [PROGRAM, ...args],
    { encoding: 'utf8' }
  );

  return { report: stdout + stderr, status };
}

describe('The fan-out fuzzer', () => {
  it('finds no fault in forty runs', () => {
    const { report, status } = fuzz('--runs', '40');

    assert.strictEqual(status, 0, report);
    assert.match(report, /^40 runs, 0 with faults, [1-9]/m);
  });

  it('finds a message that comes twice', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-fanout-'));

    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(
      path.join(folder, 'index.js'),
      `const WebSocket = module.exports = require(${JSON.stringify(ROOT)});
       const { broadcast } = WebSocket.Server.prototype;
       WebSocket.Server.prototype.broadcast = function (data, options) {
         if (typeof data === 'string') broadcast.call(this, data, options);
         return broadcast.call(this, data, options);
       };`
    );

    const { report, status } = fuzz('--runs', '5', '--impl', folder);

    assert.strictEqual(status, 1, report);
    assert.match(report, /message text .* (?:instead of|behind the last)/);
  });
});
