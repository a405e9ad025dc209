'use strict';

const assert = require('node:assert');
const {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { plot } = require('../lib/plot');
const { insert, markdown, publish } = require('../lib/publish');
const { median, summarize } = require('../lib/summary');
const { figure } = require('../lib/tables');

const echo = {
  name: '1x32',
  title: '1 connection, 32 B <>',
  kind: 'echo',
  connections: 1
};

/** A run of `echo` on two servers with the given CPU times per round. */
function run(ws, wsRs) {
  const sample = (server) => (cpuAll) => ({
    server,
    workload: echo.name,
    ...(cpuAll === null
      ? { error: 'it broke' }
      : {
          values: {
            cpuAll,
            cpuMain: cpuAll / 2,
            cpuGenerator: 1,
            cpuGeneratorUser: 0.1,
            p50: 20,
            p99: 30,
            perSecond: 12345
          }
        })
  });

  return summarize({
    workloads: [echo],
    servers: [
      { name: 'ws', title: 'ws', version: '1' },
      { name: 'ws-rs', title: 'ws-rs', version: '2' }
    ],
    samples: [...ws.map(sample('ws')), ...wsRs.map(sample('ws-rs'))],
    conditions: {
      namespace: 'own',
      congestionControl: 'reno',
      core: 1,
      generatorCore: null,
      seconds: 2,
      warmUp: 1,
      machine: {
        cpu: 'A CPU',
        cores: 2,
        memoryGiB: 4,
        system: 'Linux',
        node: '20.0.0',
        loadAverageAtStart: 0
      }
    },
    notes: [],
    rounds: ws.length
  });
}

/** A run of one server with two deflate workloads: messages, and memory. */
function deflateRun() {
  const { conditions } = run([20], [5]);
  const server = { name: 'ws', title: 'ws', version: '1' };
  const memory = {
    name: 'deflate-memory',
    title: 'deflate',
    kind: 'cycles',
    connections: 1000,
    deflate: 'takeover'
  };
  const sample = (workload, values) => ({ server: 'ws', workload, values });

  return summarize({
    workloads: [{ ...echo, deflate: 'takeover' }, memory],
    servers: [server],
    samples: [
      sample(echo.name, {
        cpuAll: 20,
        cpuMain: 10,
        cpuGenerator: 1,
        cpuGeneratorUser: 0.1,
        p50: 20,
        p99: 30,
        perSecond: 12345
      }),
      sample(memory.name, {
        bytesIdle: 12345,
        bytesUsed: 34567,
        growth: 1.05,
        connections: 1000
      })
    ],
    conditions,
    notes: [],
    rounds: 1
  });
}

test('the median of an even count is the mean of the two in the middle', () => {
  assert.strictEqual(median([10, 9, 1]), 9);
  assert.strictEqual(median([4, 1, 100, 2]), 3);
});

test('figures have three significant digits or all before the point', () => {
  assert.deepStrictEqual([0.456, 4.567, 45.67, 456.7, 45678.9].map(figure), [
    '0.46',
    '4.57',
    '45.7',
    '457',
    '45,679'
  ]);
});

test('a table cell holds the medians of the rounds', () => {
  const text = markdown(run([10, 30, 20], [4, 5, 6]));
  assert.match(text, /\| 20\.0 \(10\.0\) \| 5\.00 \(2\.50\) \|/);
  assert.match(text, /\| +12,345 \| +12,345 \|/);
});

test('a run at set rates says how late the slowest were, and where the generator ran', () => {
  const { conditions } = run([20], [5]);
  const paced = {
    name: 'paced-1x32-500',
    title: '1 connection, 32 B, 500 a second',
    kind: 'paced',
    connections: 1
  };
  const text = markdown(
    summarize({
      workloads: [paced],
      servers: [{ name: 'ws', title: 'ws', version: '1' }],
      samples: [
        {
          server: 'ws',
          workload: paced.name,
          values: { cpuAll: 20, cpuMain: 10, p50: 41, p99: 130, p999: 1234 }
        }
      ],
      conditions: { ...conditions, otherCore: 0 },
      notes: [],
      rounds: 1
    })
  );

  assert.match(
    text,
    /\| 1 connection, 32 B, 500 a second \| 20\.0 \(10\.0\) \|/
  );
  assert.match(text, /\| 41\.0 \/ 130 \/ 1,234 \|/);
  assert.match(text, /^Server on core 1, generator on core 0, /m);
});

test('a failed sample makes the cell say so, not show the other rounds', () => {
  const failed = run([10, 30, 20], [4, null, 6]);
  assert.match(markdown(failed), /\| 20\.0 \(10\.0\) \| +failed \|/);
  assert.match(plot(failed), />failed</);
});

test('the tables replace what stands between the markers and nothing else', () => {
  const start = '<!-- bench:start (written by npm run bench) -->';
  const page = `before\n${start}\nold\n<!-- bench:end -->\nafter\n`;
  const once = insert(page, 'new');

  assert.strictEqual(
    once,
    `before\n${start}\n\nnew\n\n<!-- bench:end -->\nafter\n`
  );
  assert.strictEqual(insert(once, 'new'), once);
  assert.throws(() => insert('no markers', 'new'), /bench:start/);
});

test('a run of deflate workloads goes to its own place on the page', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-report-'));
  const page = path.join(folder, 'performance.md');

  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    page,
    '<!-- bench:start (written by npm run bench) -->\nplain\n' +
      '<!-- bench:end -->\n<!-- deflate:start -->\nold\n<!-- deflate:end -->\n'
  );

  publish(deflateRun(), folder);

  const text = readFileSync(page, 'utf8');

  assert.deepStrictEqual(readdirSync(folder), [
    'bench-deflate.json',
    'performance.md'
  ]);
  assert.match(text, /\nplain\n<!-- bench:end -->/);
  assert.doesNotMatch(text, /\nold\n/);
  assert.doesNotMatch(text, /Round trip|Load generator/);
  assert.match(text, /Server CPU per message[^]*\| 20\.0 \(10\.0\) \|/);
  assert.match(text, /deflate, idle: resident bytes +\| 12,345 \|/);
  assert.match(text, /deflate, used: resident bytes +\| 34,567 \|/);
  assert.match(text, /deflate, after all rounds: growth +\| +1\.05 \|/);
  assert.match(text, /\nNode 20\.0\.0, Linux, A CPU/);
});

test('a page without the place for deflate tables is refused', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-report-'));

  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'performance.md'), 'no markers');

  assert.throws(() => publish(deflateRun(), folder), /deflate:start/);
  assert.deepStrictEqual(readdirSync(folder), ['performance.md']);
});

/** A run of a server with 1,000 and then 2,000 connections. */
function memoryRun() {
  const { conditions } = run([20], [5]);
  const server = (name) => ({ name, title: name, version: '1' });
  const sample = (name, per) => ({
    server: name,
    workload: 'memory',
    values: {
      cpuAll: 20,
      cpuMain: 10,
      resident1000: 1000 * per,
      resident2000: 2000 * per
    }
  });

  return summarize({
    workloads: [
      {
        name: 'memory',
        title: 'an idle connection',
        kind: 'growth',
        connections: 2000,
        steps: [1000, 2000]
      }
    ],
    servers: [server('ws'), server('ws-rs')],
    samples: [sample('ws', 4000), sample('ws-rs', 1000)],
    conditions,
    notes: [],
    rounds: 1
  });
}

test('memory over connections has a place, a table and lines of its own', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-report-'));
  const page = path.join(folder, 'performance.md');

  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(page, '<!-- memory:start -->\n<!-- memory:end -->\n');

  publish(memoryRun(), folder);

  assert.deepStrictEqual(readdirSync(folder), [
    'bench-memory.json',
    'bench-memory.svg',
    'performance.md'
  ]);
  assert.match(
    readFileSync(page, 'utf8'),
    /an idle connection of 2,000: resident bytes +\| +4,000 +\| +1,000 \|/
  );

  const svg = readFileSync(path.join(folder, 'bench-memory.svg'), 'utf8');
  const ends = [...svg.matchAll(/<polyline points="[^"]* (\S+),(\S+)"/g)];
  const [[, x, ws], [, sameX, wsRs]] = ends;
  // Where there are no connections, and no bytes.
  const zero = Number(/<polyline points="\S+,(\S+) /.exec(svg)[1]);

  assert.strictEqual(ends.length, 2);
  assert.strictEqual(x, sameX);
  assert.ok(Math.abs((zero - ws) / (zero - wsRs) - 4) < 0.1);
});

test('bars are as long as the figures say', () => {
  const svg = plot(run([20], [5]));
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((m) =>
    Number(m[1])
  );

  // Two bars per server: all threads, then the JS thread.
  assert.strictEqual(widths.length, 4);
  assert.ok(Math.abs(widths[0] / widths[2] - 4) < 0.01);
  assert.ok(Math.abs(widths[0] / widths[1] - 2) < 0.01);
  assert.match(svg, /1 connection, 32 B &#60;&#62;: CPU µs/);
});
