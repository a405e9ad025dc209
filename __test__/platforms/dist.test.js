'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { choose } = require('../../scripts/dist');
const { OBSTACLES, row, table } = require('../../scripts/platforms/report');
const { MACHINES } = require('../../scripts/platforms/machines');
const { need } = require('../../scripts/platforms/tools');
const { TARGETS, UNPUBLISHED } = require('../../scripts/targets');

const ALL = [...TARGETS, ...UNPUBLISHED];

describe('npm run dist', () => {
  it('builds all targets, or those that are named', () => {
    assert.deepStrictEqual(choose([]), ALL);
    assert.deepStrictEqual(
      choose(['win32-x64-gnu', 'linux-x64-musl']).map(({ name }) => name),
      ['linux-x64-musl', 'win32-x64-gnu']
    );
  });

  it('refuses a target that does not exist, with the list', () => {
    assert.throws(
      () => choose(['linux-x64-musl', 'linux-x64']),
      /^Error: no target "linux-x64", there are darwin-arm64, .*, win32-x64-gnu$/
    );
  });

  it('knows obstacles of targets only, and tests none that has one', () => {
    const names = ALL.map(({ name }) => name);

    for (const name of Object.keys(OBSTACLES)) assert.ok(names.includes(name));
    for (const name of Object.keys(MACHINES)) {
      assert.ok(names.includes(name), name);
      assert.ok(!OBSTACLES[name], name);
    }
  });

  it('prints a table', () => {
    const found = {
      arch: 's390x',
      bigEndian: true,
      exports: ['a'],
      format: 'ELF',
      needed: ['libc.so.6', '/usr/lib/libm.so.6'],
      size: 2048,
      versions: { GLIBC: '2.17' }
    };
    const target = { name: 'linux-s390x-gnu' };

    assert.deepStrictEqual(
      table([
        row({ found, problems: [], target }),
        row({ problems: ['was not built'], target: { name: 'x' } })
      ])
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
      [
        [
          'target',
          'state',
          'file',
          'size',
          'oldest system',
          'exports',
          'needs'
        ],
        [
          ...['linux-s390x-gnu', 'good', 'ELF s390x, big endian', '2 KiB'],
          ...['GLIBC 2.17', '1', 'libc.so.6 libm.so.6']
        ],
        ['x', 'not built']
      ]
    );
    assert.match(table([row({ found, problems: ['x'], target })]), / BAD /);
  });
});

describe('A tool that is missing', () => {
  const tool = (isThere) => ({
    ...{ architecture: 'arm64', isThere, packages: ['a', 'b'] },
    what: 'something that is needed'
  });

  it('is named with the commands that install it', () => {
    assert.throws(
      () =>
        need(['x', 'y'], false, { x: tool(() => false), y: tool(() => true) }),
      (err) => {
        assert.deepStrictEqual(err.message.split('\n'), [
          'missing:',
          '  - something that is needed: dpkg --add-architecture arm64; apt-get install a b',
          'As root on Debian, --install does all of that.'
        ]);
        return true;
      }
    );
  });

  it('is nothing to whoever needs others', () => {
    const tools = { x: tool(() => false), y: tool(() => true) };

    need(['y'], false, tools);
    need(['y'], true, tools);
  });
});
