'use strict';

const assert = require('node:assert');
const { existsSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { measureInSlices, turns } = require('../lib/slices');

const bench = path.join(__dirname, '..');
const program = path.join(bench, 'loadgen/target/release/ws-rs-loadgen');

// It comes with the first `npm run bench`.
const skip =
  process.platform === 'linux' && existsSync(program)
    ? false
    : 'the load generator is not built';

const servers = [{ name: 'ws-rs' }, { name: 'baseline' }];
const workload = {
  name: '3x9',
  kind: 'echo',
  connections: 3,
  size: 9,
  inFlight: 2
};
const plan = {
  baseline: path.join(bench, '..'),
  certificate: { files: null },
  generatorCore: null,
  sandbox: { pin: (command, args) => [command, args] },
  seconds: 0.2,
  warmUp: 0.05
};

test('turns go forth and back, so that a steady drift adds nothing', () => {
  assert.deepStrictEqual(
    turns(['A', 'B'], 5).map((turn) => turn.join('')),
    ['AB', 'BA', 'BA', 'AB', 'AB']
  );

  // Slice n costs n: both get the same.
  const cost = { A: 0, B: 0 };
  turns(['A', 'B'], 4)
    .flat()
    .forEach((name, index) => (cost[name] += index));
  assert.strictEqual(cost.A, cost.B);
});

test('all servers are measured by turns in one sample', { skip }, async () => {
  const values = await measureInSlices(servers, workload, plan);

  assert.strictEqual(values.length, 2);
  for (const { cpuAll, cpuMain, messages, p50, perSecond } of values) {
    assert.ok(cpuAll >= cpuMain && cpuMain > 0);
    assert.ok(p50 > 0);
    // Two slices of 0.1 s and the last answers of each.
    assert.ok(messages / perSecond >= 0.2);
  }
});

test('a server that fails is named', { skip }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ws-rs-slices-'));
  const deaf = `
    exports.WebSocketServer = class extends require('net').Server {
      constructor({ port, host }) {
        super((socket) => socket.destroy());
        this.listen(port, host);
      }
    };`;

  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'index.js'), deaf);

  await assert.rejects(
    measureInSlices(servers, workload, { ...plan, baseline: folder }),
    /^Error: baseline: loadgen: /
  );
});
