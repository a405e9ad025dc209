'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { detectLibc, targetName } = require('../../lib/native/loader');
const { ENTRY, inspect, misfits } = require('../../scripts/platforms/inspect');
const { TARGETS } = require('../../scripts/targets');
const { dll, dylib, elf } = require('../support/binaries');

const ROOT = path.resolve(__dirname, '../..');

let folder;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-inspect-'));
});
after(() => fs.rmSync(folder, { recursive: true }));

function look(contents) {
  const file = path.join(folder, 'binary');

  fs.writeFileSync(file, contents);
  return inspect(file);
}

describe('inspect', () => {
  for (const [arch, machine, wide, bigEndian] of [
    ['x64', 62, true, false],
    ['arm64', 183, true, false],
    ['arm', 40, false, false],
    ['s390x', 22, true, true],
    ['ppc64', 21, true, false],
    ['riscv64', 243, true, false],
    ['machine 8', 8, false, true]
  ]) {
    it(`reads an ELF library for ${arch}`, () => {
      const file = elf({
        ...{ bigEndian, machine, wide },
        exports: [ENTRY, 'a_second'],
        imports: ['malloc'],
        needed: ['libc.so.6', 'libm.so.6'],
        versions: ['GLIBC_2.9', 'GLIBC_2.17', 'GLIBC_2.2.5', 'GCC_3.0']
      });

      assert.deepStrictEqual(look(file), {
        arch,
        bigEndian,
        exports: ['a_second', ENTRY],
        format: 'ELF',
        needed: ['libc.so.6', 'libm.so.6'],
        size: file.length,
        versions: { GCC: '3.0', GLIBC: '2.17' }
      });
    });
  }

  for (const [arch, machine, wide] of [
    ['x64', 0x8664, true],
    ['arm64', 0xaa64, true],
    ['ia32', 0x14c, false],
    ['machine 0x200', 0x200, true]
  ]) {
    it(`reads a DLL for ${arch}`, () => {
      const file = dll({
        ...{ machine, wide },
        exports: [ENTRY],
        needed: ['KERNEL32.dll', 'ntdll.dll']
      });

      assert.deepStrictEqual(look(file), {
        arch,
        exports: [ENTRY],
        format: 'PE',
        needed: ['KERNEL32.dll', 'ntdll.dll'],
        size: file.length,
        versions: {}
      });
    });
  }

  it('reads a DLL that needs and offers nothing', () => {
    const { exports: exported, needed } = look(dll({ machine: 0x8664 }));

    assert.deepStrictEqual({ exported, needed }, { exported: [], needed: [] });
  });

  for (const [arch, processor] of [
    ['x64', 0x01000007],
    ['arm64', 0x0100000c],
    ['processor 0x1000012', 0x01000012]
  ]) {
    it(`reads a library of macOS for ${arch}`, () => {
      const file = dylib({
        exports: [ENTRY],
        imports: ['malloc'],
        minimum: [10, 13],
        needed: ['/usr/lib/libSystem.B.dylib'],
        processor,
        signed: false
      });

      assert.deepStrictEqual(look(file), {
        arch,
        exports: [ENTRY],
        format: 'Mach-O',
        needed: ['/usr/lib/libSystem.B.dylib'],
        signed: false,
        size: file.length,
        versions: { macOS: '10.13' }
      });
    });
  }

  it('refuses what is no library, with its first bytes', () => {
    assert.throws(
      () => look(Buffer.from('#!/bin/sh\n')),
      /no library of any platform: it starts with 23212f62$/
    );
    assert.throws(() => look(Buffer.alloc(0)), /it starts with nothing$/);
  });

  it('reads the binary that these tests run with', () => {
    const { arch, platform } = process;
    const name = targetName(platform, arch, detectLibc());
    const found = inspect(path.join(ROOT, `ws-rs.${name}.node`));

    assert.strictEqual(found.arch, arch);
    assert.ok(found.exports.includes(ENTRY));
    assert.ok(found.needed.length > 0);
  });
});

describe('misfits', () => {
  const target = (name) => TARGETS.find((t) => t.name === name);
  const good = {
    arch: 'x64',
    exports: [ENTRY],
    format: 'ELF',
    needed: ['libc.so.6', 'libm.so.6', 'ld-linux-x86-64.so.2'],
    size: 900_000,
    versions: { GLIBC: '2.17' }
  };
  const wrong = (name, changes) =>
    misfits(target(name), { ...good, ...changes });

  it('says nothing of a binary that fits', () => {
    assert.deepStrictEqual(wrong('linux-x64-gnu'), []);
    assert.deepStrictEqual(
      wrong('linux-x64-musl', { needed: ['libc.so'], versions: {} }),
      []
    );
    assert.deepStrictEqual(
      wrong('win32-x64-msvc', {
        format: 'PE',
        needed: ['KERNEL32.dll', 'api-ms-win-core-synch-l1-2-0.dll'],
        versions: {}
      }),
      []
    );
    assert.deepStrictEqual(
      wrong('darwin-x64', {
        format: 'Mach-O',
        needed: [],
        signed: false,
        // The largest of all has nearly that.
        size: 3_050_000,
        versions: {}
      }),
      []
    );
  });

  it("allows a function of ring's where that is Rust, and nowhere else", () => {
    const exports = [ENTRY, 'ring_core_0_17_14__bn_mul_mont'];

    for (const cpu of ['ppc64', 'riscv64', 's390x']) {
      assert.deepStrictEqual(
        wrong(`linux-${cpu}-gnu`, { arch: cpu, exports, needed: [] }),
        []
      );
    }
    assert.deepStrictEqual(wrong('linux-x64-gnu', { exports }), [
      'exports ring_core_0_17_14__bn_mul_mont, too'
    ]);
    assert.deepStrictEqual(
      wrong('linux-s390x-gnu', {
        ...{ arch: 's390x', needed: [] },
        exports: [ENTRY, 'ring_core_0_17_14__sha256_block_data_order']
      }),
      ['exports ring_core_0_17_14__sha256_block_data_order, too']
    );
  });

  for (const [what, name, changes, message] of [
    ['another format', 'linux-x64-gnu', { format: 'PE' }, /^is PE, not ELF$/],
    [
      'another processor',
      'linux-x64-gnu',
      { arch: 'arm64' },
      /^is for arm64, not x64$/
    ],
    [
      'a library that is not on every machine',
      'linux-x64-gnu',
      { needed: ['libc.so.6', 'libgcc_s.so.1'] },
      /^needs libgcc_s\.so\.1, which may not be installed$/
    ],
    [
      'a newer glibc than is promised',
      'linux-x64-gnu',
      { versions: { GLIBC: '2.34' } },
      /^needs glibc 2\.34, newer than 2\.17$/
    ],
    [
      'no glibc where there should be one',
      'linux-x64-gnu',
      { needed: [], versions: {} },
      /^names no version of glibc/
    ],
    [
      'glibc on Alpine',
      'linux-x64-musl',
      { needed: ['libc.so'] },
      /^needs glibc 2\.17$/
    ],
    [
      'no function for Node to call',
      'linux-x64-gnu',
      { exports: [] },
      /^does not export napi_register_module_v1$/
    ],
    [
      'names that others might find',
      'linux-x64-gnu',
      { exports: [ENTRY, 'malloc'] },
      /^exports malloc, too$/
    ],
    [
      'no signature on a Mac that insists on one',
      'darwin-arm64',
      {
        ...{ arch: 'arm64', format: 'Mach-O', needed: [] },
        ...{ signed: false, versions: {} }
      },
      /^has no signature/
    ],
    [
      'symbols of a debugger, by its size',
      'linux-x64-gnu',
      { size: 4_000_000 },
      /^has 4000000 bytes, more than/
    ]
  ]) {
    it(`names ${what}`, () => {
      const problems = wrong(name, changes);

      assert.strictEqual(problems.length, 1, problems.join('\n'));
      assert.match(problems[0], message);
    });
  }
});
