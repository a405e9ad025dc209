'use strict';

const assert = require('node:assert');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { Server } = require('../lib/server');

const pin = (program, args) => [program, args];

test('a transport that ws-rs does not have is refused, not measured', async () => {
  for (const name of ['ws-rs:pool', 'ws-rs:pool']) {
    await assert.rejects(Server.start(name, pin), /ws-rs has no \w+ transport/);
  }
});

test('the baseline is loaded from its checkout, by index.js', async (t) => {
  const baseline = mkdtempSync(path.join(tmpdir(), 'ws-rs-baseline-'));

  t.after(() => rmSync(baseline, { recursive: true }));
  writeFileSync(
    path.join(baseline, 'index.js'),
    'throw new Error("this is the other checkout")'
  );

  await assert.rejects(
    Server.start('baseline', pin, { baseline }),
    /this is the other checkout/
  );
  await (await Server.start('ws-rs', pin, { baseline })).stop();
});

test('a Node that is not there is named, not replaced by this one', async () => {
  await assert.rejects(
    Server.start('ws-rs', pin, { node: '/nowhere/node' }),
    /\/nowhere\/node/
  );
});
