'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { pathToFileURL } = require('node:url');

const FOLDER = path.join(__dirname, '../scripts/differential/arguments');
const WS = path.dirname(require.resolve('ws/package.json'));

/** Runs the fuzzer; returns its exit code and what it says. */
function fuzz(...args) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(FOLDER, 'index.mjs'), '--no-shrink', ...args],
    { encoding: 'utf8' }
  );

  return { report: stdout + stderr, status };
}

// It listens at a file's name.
const skip = process.platform === 'win32';

describe('The argument fuzzer', { skip }, () => {
  it('finds no difference from ws in ten scenarios', () => {
    const { report, status } = fuzz('--seed', '1', '--runs', '10');

    assert.strictEqual(status, 0, report);
    assert.match(report, /^10 scenarios, 0 mismatches/m);
  });

  it('finds an error of another class', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-faulty-'));
    const scenario = path.join(folder, 'scenario.json');

    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(
      path.join(folder, 'index.js'),
      `const ws = module.exports = require(${JSON.stringify(WS)});
       const { close } = ws.prototype;
       ws.prototype.close = function (code, reason) {
         if (code === 5) throw new RangeError('First argument');
         return close.call(this, code, reason);
       };`
    );
    fs.writeFileSync(
      scenario,
      JSON.stringify({
        kind: 'socket',
        topology: 'light',
        steps: [
          { at: 'macrotask', calls: [{ on: 'ws', call: 'close', args: [5] }] }
        ]
      })
    );

    const { report, status } = fuzz(
      ...['--file', scenario, '--impl', folder, '--times', '1']
    );

    assert.strictEqual(status, 1, report);
    assert.match(report, /ws-rs \| sync ws\.close throws RangeError/);
  });

  it('makes the same scenario of the same seed', async () => {
    const { makeScenario } = await import(
      pathToFileURL(path.join(FOLDER, 'scenario.mjs')).href
    );

    for (let seed = 1; seed <= 200; seed++) {
      assert.deepStrictEqual(makeScenario(seed), makeScenario(seed));
    }
    assert.notDeepStrictEqual(makeScenario(1), makeScenario(2));
  });
});
