'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { faultyWs, fuzzerIn } = require('./support/fuzzer');

const { fuzz, load } = fuzzerIn('handshake');

// It listens at a file's name.
const skip = process.platform === 'win32';

describe('The handshake fuzzer', { skip }, () => {
  it('finds no difference from ws in ten clients and ten servers', () => {
    const { report, status } = fuzz('--seed', '1', '--runs', '10');

    assert.strictEqual(status, 0, report);
    assert.match(report, /^20 scenarios \(client,server\), 0 mismatches/m);
  });

  it('finds an answer that has a line too many', (t) => {
    const folder = faultyWs(
      t,
      `const { emit } = ws.Server.prototype;
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
