'use strict';

/**
 * The tools that building for other platforms and testing on them take, beyond
 * Node. Each is either found, or installed from Debian, PyPI and npm if the user
 * asks for that, or missed with an error that says what to install.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('../run');
const { runTool } = require('./run-tool');

/** Where everything is kept that is not Debian's: nothing else is written. */
const FOLDER = path.join(ROOT, '.cache/platforms');
const PYTHON = path.join(FOLDER, 'python');
/** For pip. The workflow of CI takes the same. */
const ZIG = ['ziglang==0.17.1', 'cargo-zigbuild==0.24.1'];

const TOOLS = {
  rust: {
    what: 'Rust with the sources of its standard library',
    packages: ['cargo-web', 'rustc-web', 'rust-web-src', 'gcc'],
    isThere: () => rust() !== undefined
  },
  zig: {
    what: 'zig, which compiles C and links for every platform, and cargo-zigbuild',
    packages: ['python3-venv'],
    isThere: () => isZigThere(),
    prepare: installZig,
    byHand: `python3 -m venv ${PYTHON} && ${PYTHON}/bin/pip install ${ZIG.join(' ')}`
  },
  qemu: {
    what: 'qemu, which runs programs of other processors',
    packages: ['qemu-user'],
    isThere: () => which('qemu-aarch64') !== undefined
  },
  musl: {
    what: 'musl, the C library of Alpine',
    packages: ['musl'],
    isThere: () => fs.existsSync('/lib/ld-musl-x86_64.so.1')
  },
  'musl-arm64': {
    what: 'musl of Debian arm64',
    architecture: 'arm64',
    packages: ['musl:arm64'],
    isThere: () => fs.existsSync('/lib/ld-musl-aarch64.so.1')
  },
  wine: {
    what: 'Wine, which runs programs of Windows',
    packages: ['wine64'],
    isThere: () => wine() !== undefined
  },
  ...Object.fromEntries(
    Object.entries({
      arm64: 'ld-linux-aarch64.so.1',
      armhf: 'ld-linux-armhf.so.3',
      ppc64el: 'ld64.so.2',
      s390x: 'ld64.so.1'
    }).map(([name, loader]) => [`libc-${name}`, libraries(name, loader)])
  )
};

/**
 * Makes sure that tools are there.
 *
 * @param {String[]} names Keys of `TOOLS`
 * @param {Boolean} install Whether to install what is not
 * @param {Object} [tools=TOOLS] What there is to know of them
 * @throws {Error} If one is not there, with the commands that install it
 */
function need(names, install, tools = TOOLS) {
  const missing = () =>
    names.map((name) => tools[name]).filter((tool) => !tool.isThere());

  if (install && missing().length > 0) {
    aptInstall(missing());
    for (const tool of missing()) tool.prepare?.();
  }

  const left = missing();
  if (left.length > 0) throw new Error(advice(left, install));
}

/**
 * @return {(Object|undefined)} `cargo` and `rustc`, the paths of a pair that has
 *     the sources of the standard library, to build it for any target
 */
function rust() {
  const candidates = [
    [process.env.CARGO, process.env.RUSTC],
    [which('cargo'), which('rustc')],
    // Debian's, where rustup's comes first.
    ['/usr/bin/cargo', '/usr/bin/rustc']
  ];
  const found = candidates.find(([cargo, rustc]) => {
    if (!cargo || !rustc) return false;
    const { stdout } = spawnSync(rustc, ['--print', 'sysroot'], {
      encoding: 'utf8'
    });
    const sources = 'lib/rustlib/src/rust/library/std/Cargo.toml';
    return Boolean(stdout) && fs.existsSync(path.join(stdout.trim(), sources));
  });

  return found && { cargo: found[0], rustc: found[1] };
}

/** @return {(String|undefined)} Debian keeps it off the PATH. */
function wine() {
  const debian = '/usr/lib/wine/wine64';
  return fs.existsSync(debian) ? debian : which('wine64');
}

/**
 * @param {String} program A name
 * @return {(String|undefined)} Its path, if it is on the PATH
 */
function which(program) {
  return process.env.PATH.split(path.delimiter)
    .map((folder) => path.join(folder, program))
    .find((file) => fs.existsSync(file));
}

/** @return {String} The folder of `cargo-zigbuild` and `python`. */
function zigBin() {
  return path.join(PYTHON, 'bin');
}

/** @return {String} The path of `cargo-zigbuild`. */
function zigBuild() {
  return path.join(zigBin(), 'cargo-zigbuild');
}

/**
 * Installs a package of npm, for whatever machine it is.
 *
 * @param {String} folder Where; made if it does not exist
 * @param {Object} machine `os` and `cpu`, as npm names them, and `libc`
 * @param {String[]} packages What, with versions
 * @throws {Error} If npm cannot
 */
function npmInstall(folder, { cpu, libc, os }, packages) {
  fs.mkdirSync(folder, { recursive: true });
  if (!fs.existsSync(path.join(folder, 'package.json'))) {
    fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}\n');
  }
  runTool('npm', [
    ...['install', '--no-audit', '--no-fund', '--no-package-lock'],
    ...['--force', `--os=${os}`, `--cpu=${cpu}`],
    ...(libc ? [`--libc=${libc}`] : []),
    ...[`--prefix=${folder}`, ...packages]
  ]);
}

/**
 * Unpacks a package of PyPI that is for another machine.
 *
 * @param {String} folder Where; replaced if it exists
 * @param {String} platform As PyPI names it
 * @param {String} wheel The package, with its version
 * @throws {Error} If pip cannot
 */
function pipUnpack(folder, platform, wheel) {
  fs.rmSync(folder, { force: true, recursive: true });
  runTool(path.join(PYTHON, 'bin/pip'), [
    ...['install', '--quiet', '--no-deps', '--only-binary=:all:'],
    ...[`--platform=${platform}`, `--target=${folder}`, wheel]
  ]);
}

module.exports = {
  FOLDER,
  TOOLS,
  ZIG,
  need,
  npmInstall,
  pipUnpack,
  rust,
  which,
  wine,
  zigBin,
  zigBuild
};

// Enough of Debian's libraries for Node on another processor.
function libraries(architecture, loader) {
  const names = ['libc6', 'libstdc++6', 'libgcc-s1', 'libatomic1'];

  return {
    what: `the C and C++ libraries of Debian ${architecture}`,
    architecture,
    packages: names.map((name) => `${name}:${architecture}`),
    isThere: () =>
      ['/lib', '/lib64'].some((folder) =>
        fs.existsSync(path.join(folder, loader))
      )
  };
}

function isZigThere() {
  return fs.existsSync(zigBuild());
}

function installZig() {
  runTool('python3', ['-m', 'venv', '--clear', PYTHON]);
  runTool(path.join(PYTHON, 'bin/pip'), ['install', '--quiet', ...ZIG]);
}

function aptInstall(tools) {
  const packages = tools.flatMap((tool) => tool.packages);
  const architectures = tools.flatMap((tool) => tool.architecture ?? []);

  if (!which('apt-get') || process.getuid() !== 0) {
    throw new Error(
      '--install needs root and apt-get: ' + advice(tools, false)
    );
  }
  for (const name of architectures) {
    runTool('dpkg', ['--add-architecture', name]);
  }
  // It fails as well when a mirror has an old list of one architecture. Then
  // what follows may still find all it wants in the lists that there are.
  spawnSync('apt-get', ['update', '--quiet'], { stdio: ['ignore', 2, 2] });
  runTool('apt-get', [
    ...['install', '--yes', '--quiet', '--no-install-recommends'],
    ...packages
  ]);
}

function advice(tools, tried) {
  const lines = tools.map(({ architecture, byHand, packages, what }) => {
    const commands = [
      architecture && `dpkg --add-architecture ${architecture}`,
      `apt-get install ${packages.join(' ')}`,
      byHand
    ];
    return `  - ${what}: ${commands.filter(Boolean).join('; ')}`;
  });

  return [
    `missing${tried ? ', and could not be installed' : ''}:`,
    ...lines,
    ...(tried ? [] : ['As root on Debian, --install does all of that.'])
  ].join('\n');
}
