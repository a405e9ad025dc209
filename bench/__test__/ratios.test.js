'use strict';

const assert = require('node:assert');
const { mkdtempSync, readdirSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { publish } = require('../lib/publish');
const { interval, ratios } = require('../lib/ratios');
const { summarize } = require('../lib/summary');
const { terminalReport } = require('../lib/terminal');

const workload = { kind: 'echo', connections: 100, name: 'w', title: 'W' };
const conditions = {
  namespace: 'own',
  congestionControl: 'reno',
  core: 1,
  generatorCore: null,
  seconds: 0.4,
  slice: 0.1,
  warmUp: 0.5,
  machine: {
    cpu: 'A CPU',
    cores: 2,
    memoryGiB: 4,
    system: 'Linux',
    node: '20.0.0',
    loadAverageAtStart: 0
  }
};

/** A run with a sample per figure; null is one that failed. */
function run(figures, own = workload) {
  const samples = Object.entries(figures).flatMap(([server, list]) =>
    list.map((cpuAll) => ({
      server,
      workload: own.name,
      ...(cpuAll === null
        ? { error: 'it broke' }
        : {
            values: {
              cpuAll,
              cpuMain: cpuAll,
              cpuGenerator: 1,
              cpuGeneratorUser: 1,
              p50: 2 * cpuAll,
              p99: 30,
              perSecond: 12345
            }
          })
    }))
  );
  const summary = summarize({
    workloads: [own],
    servers: Object.keys(figures).map((name) => ({
      name,
      title: name,
      version: '1'
    })),
    samples,
    conditions,
    notes: [],
    rounds: 3
  });
  return { ...summary, ratios: ratios(summary) };
}

test('the ratio is the median of those of the rounds, not that of medians', () => {
  const { ratios: rows } = run({
    baseline: [10, 20, 40],
    'ws-rs': [9, 22, 20]
  });

  assert.deepStrictEqual(rows, [
    {
      workload: 'w',
      title: 'W',
      unit: 'CPU µs',
      server: 'ws-rs',
      baseline: 'baseline',
      medians: { baseline: 20, server: 20 },
      ratio: 0.9,
      interval: null,
      rounds: [0.9, 1.1, 0.5]
    }
  ]);
});

test('of one connection the round trip is compared, too', () => {
  const { ratios: rows } = run(
    { baseline: [10], 'ws-rs': [5] },
    { ...workload, connections: 1 }
  );
  assert.deepStrictEqual(
    rows.map(({ unit, medians }) => [unit, medians.baseline, medians.server]),
    [
      ['CPU µs', 10, 5],
      ['µs round trip', 20, 10]
    ]
  );
});

test('each transport is compared with its like in the baseline', () => {
  const { ratios: rows } = run({
    ws: [100],
    baseline: [10],
    'ws-rs': [10],
    'baseline:stream': [10],
    'ws-rs:stream': [30]
  });
  assert.deepStrictEqual(
    rows.map(({ server, baseline, ratio }) => [server, baseline, ratio]),
    [
      ['ws-rs', 'baseline', 1],
      ['ws-rs:stream', 'baseline:stream', 3]
    ]
  );
});

test('a round that failed on one side fails the comparison', () => {
  const failed = run({ baseline: [10, null], 'ws-rs': [10, 10] });

  assert.strictEqual(failed.ratios[0].error, 'it broke');
  assert.strictEqual(failed.ratios[0].ratio, undefined);
  assert.match(terminalReport(failed), /W: CPU µs +failed +failed/);
});

test('the interval leaves out as many rounds as a coin allows', () => {
  const upTo = (count) => Array.from({ length: count }, (_, i) => i + 1);

  // The chance that all of n are on one side of the median is 2 / 2 ** n.
  assert.strictEqual(interval(upTo(5)), null);
  assert.deepStrictEqual(interval(upTo(6)), [1, 6]);
  assert.deepStrictEqual(interval(upTo(8)), [1, 8]);
  assert.deepStrictEqual(interval(upTo(9)), [2, 8]);
  assert.deepStrictEqual(interval(upTo(21).reverse()), [6, 16]);
});

test('the terminal shows figures, ratio, interval and range of the rounds', () => {
  const figures = [10, 10, 10, 10, 10, 10, 10, 10, 10];
  const report = terminalReport(
    run({ baseline: figures, 'ws-rs': [1, 8, 9, 9, 9, 9, 9, 11, 20] })
  );

  assert.match(report, /^ws-rs against baseline\n/);
  assert.match(
    report,
    /W: CPU µs +10\.0 +9\.00 +0\.900 +0\.800 to 1\.100 +0\.100 to 2\.000\n/
  );
  assert.match(report, /0\.4 s \(echoes: in slices of 0\.1 s by turns\)/);
  assert.doesNotMatch(report, /Messages per second/);
});

test('the other tables are shown when there are peers', () => {
  const report = terminalReport(
    run({ ws: [10], baseline: [10], 'ws-rs': [10] })
  );
  assert.match(report, /ws-rs against baseline[^]*Messages per second/);
});

test('a comparison is written to a file of its own and to no page', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-ratios-'));

  t.after(() => rmSync(folder, { recursive: true }));
  publish(run({ baseline: [10], 'ws-rs': [5] }), folder);

  assert.deepStrictEqual(readdirSync(folder), ['bench-baseline.json']);
  const file = path.join(folder, 'bench-baseline.json');
  const { ratios: rows } = JSON.parse(readFileSync(file, 'utf8'));
  assert.strictEqual(rows[0].ratio, 0.5);
});
