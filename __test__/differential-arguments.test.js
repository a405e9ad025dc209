'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { faultyWs, fuzzerIn } = require('./support/fuzzer');

const { fuzz, load } = fuzzerIn('arguments');

// It listens at a file's name.
const skip = process.platform === 'win32';

describe('The argument fuzzer', { skip }, () => {
  it('finds no difference from ws in ten scenarios', () => {
    const { report, status } = fuzz('--seed', '1', '--runs', '10');

    assert.strictEqual(status, 0, report);
    assert.match(report, /^10 scenarios, 0 mismatches/m);
  });

  it('finds an error of another class', (t) => {
    const folder = faultyWs(
      t,
      `const { close } = ws.prototype;
       ws.prototype.close = function (code, reason) {
         if (code === 5) throw new RangeError('First argument');
         return close.call(this, code, reason);
       };`
    );
    const scenario = path.join(folder, 'scenario.json');

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
    const { makeScenario } = await load('scenario.mjs');

    for (let seed = 1; seed <= 200; seed++) {
      assert.deepStrictEqual(makeScenario(seed), makeScenario(seed));
    }
    assert.notDeepStrictEqual(makeScenario(1), makeScenario(2));
  });
});
