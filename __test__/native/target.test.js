'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { detectLibc, targetName } = require('../../lib/native/loader');
const { TARGETS } = require('../../scripts/targets');

describe('targetName', () => {
  it('tells apart the C libraries of Linux', () => {
    assert.strictEqual(targetName('linux', 'x64', 'gnu'), 'linux-x64-gnu');
    assert.strictEqual(targetName('linux', 'x64', 'musl'), 'linux-x64-musl');
  });

  it('adds the hard-float suffix on 32-bit ARM', () => {
    assert.strictEqual(
      targetName('linux', 'arm', 'gnu'),
      'linux-arm-gnueabihf'
    );
    assert.strictEqual(
      targetName('linux', 'arm', 'musl'),
      'linux-arm-musleabihf'
    );
  });

  it('names the tool chain on Windows and nothing elsewhere', () => {
    assert.strictEqual(targetName('win32', 'x64', null), 'win32-x64-msvc');
    assert.strictEqual(targetName('darwin', 'arm64', null), 'darwin-arm64');
    assert.strictEqual(targetName('freebsd', 'x64', null), 'freebsd-x64');
  });

  it('gives the name of every target that is published', () => {
    for (const { cpu, libc, name, os } of TARGETS) {
      const abi = libc === 'glibc' ? 'gnu' : (libc ?? null);
      assert.strictEqual(targetName(os, cpu, abi), name);
    }
  });
});

describe('detectLibc', () => {
  let folder;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-libc-'));
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  it('is null on other systems', () => {
    assert.strictEqual(detectLibc('darwin'), null);
    assert.strictEqual(detectLibc('win32'), null);
  });

  it('reads the dynamic linker out of the executable', () => {
    const gnu = path.join(folder, 'gnu');
    const musl = path.join(folder, 'musl');
    const elf = Buffer.from('7f454c46', 'hex');

    fs.writeFileSync(gnu, `${elf}\0/lib64/ld-linux-x86-64.so.2\0`);
    fs.writeFileSync(musl, `${elf}\0/lib/ld-musl-x86_64.so.1\0`);
    assert.strictEqual(detectLibc('linux', gnu), 'gnu');
    assert.strictEqual(detectLibc('linux', musl), 'musl');
  });

  it(
    'asks Node where the executable says nothing',
    { skip: process.platform !== 'linux' && 'the report differs' },
    () => {
      const absent = path.join(folder, 'absent');
      assert.strictEqual(detectLibc('linux', absent), detectLibc());
    }
  );
});
