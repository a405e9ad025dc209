'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { pathToFileURL } = require('node:url');

const FOLDER = path.join(__dirname, '../scripts/differential/handshake');
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

describe('The handshake fuzzer', { skip }, () => {
  it('finds no difference from ws in ten clients and ten servers', () => {
    const { report, status } = fuzz('--seed', '1', '--runs', '10');

    assert.strictEqual(status, 0, report);
    assert.match(report, /^20 scenarios \(client,server\), 0 mismatches/m);
  });

  it('finds an answer that has a line too many', (t) => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-faulty-'));

    t.after(() => fs.rmSync(folder, { recursive: true }));
    fs.writeFileSync(
      path.join(folder, 'index.js'),
      `const ws = module.exports = require(${JSON.stringify(WS)});
       const { emit } = ws.Server.prototype;
       ws.Server.prototype.emit = function (event, lines, ...rest) {
         if (event === 'headers') lines.push('X: y');
         return emit.call(this, event, lines, ...rest);
       };`
    );
    const { report, status } = fuzz(
      ...['--kind', 'server', '--runs', '8', '--impl', folder]
    );

    assert.strictEqual(status, 1, report);
    assert.match(report, /=== server seed \d+ \(1\): raw\.bytes: /);
  });

  it('makes the same scenario of the same seed', async () => {
    const load = (name) => import(pathToFileURL(path.join(FOLDER, name)).href);
    const { clientScenario } = await load('client-scenario.mjs');
    const { serverScenario } = await load('server-scenario.mjs');

    for (const make of [clientScenario, serverScenario]) {
      for (let seed = 1; seed <= 100; seed++) {
        assert.deepStrictEqual(make(seed), make(seed));
      }
      assert.notDeepStrictEqual(make(1), make(2));
    }
  });
});
