'use strict';

/**
 * How a Node of another machine is started. Each function gives `command` and
 * `args` to put before those for Node, and the `env` it wants.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { installNode } = require('./nodes');
const { FOLDER, which, wine, zigBin } = require('./tools');

const LAUNCHERS = {
  musl: onMusl,
  native: () => ({ args: [], command: process.execPath, env: process.env }),
  qemu: emulator,
  wine: onWine
};

/**
 * @param {String} name The name of a target
 * @param {Object} machine Its entry in machines.js
 * @param {String} checkout What stage() laid for it
 * @return {Object} See above
 * @throws {Error} If its Node cannot be installed
 */
function launcher(name, machine, checkout) {
  return LAUNCHERS[machine.kind](path.join(FOLDER, name), machine, checkout);
}

module.exports = { launcher, launcherScript };

// A program named `node`, for everything that looks on the PATH or asks for
// `process.execPath`: shells, npm, cluster, and tests that start children.
function emulator(folder, machine, checkout) {
  const { node, root } = installNode(folder, machine);
  const bin = path.join(folder, 'bin');
  const file = path.join(bin, 'node');

  fs.mkdirSync(bin, { recursive: true });
  fs.writeFileSync(
    file,
    launcherScript({
      file,
      node,
      preload: path.join(checkout, 'scripts/platforms/preload.js'),
      qemu: which(machine.qemu),
      root
    }),
    { mode: 0o755 }
  );
  return {
    args: [],
    command: file,
    env: {
      ...process.env,
      PATH: [bin, process.env.PATH].join(path.delimiter)
    }
  };
}

/**
 * @param {Object} paths
 * @param {String} paths.file Where the script will be
 * @param {String} paths.node The Node to start
 * @param {String} paths.preload preload.js
 * @param {String} paths.qemu The emulator
 * @param {String} [paths.root] What the emulator is to take for `/`, where it
 *     has the file
 * @return {String} A shell script that starts Node by the emulator. A program
 *     may change NODE_OPTIONS for its children: they are given the preload
 *     again, once
 */
function launcherScript({ file, node, preload, qemu, root }) {
  const option = root ? ` -L '${root}'` : '';

  return `#!/bin/sh
case " \${NODE_OPTIONS-} " in
  *" --require=${preload} "*) ;;
  *) NODE_OPTIONS="--require=${preload} \${NODE_OPTIONS-}" ;;
esac
WS_RS_LAUNCHER='${file}'
export NODE_OPTIONS WS_RS_LAUNCHER
exec '${qemu}'${option} '${node}' "$@"
`;
}

// The kernel starts it like any other program, by the loader of Debian's musl.
function onMusl(folder, machine) {
  const { node } = installNode(folder, machine);

  return {
    args: [],
    command: node,
    env: {
      ...process.env,
      PATH: [path.dirname(node), process.env.PATH].join(path.delimiter)
    }
  };
}

function onWine(folder, machine) {
  const { node } = installNode(folder, machine);
  const prefix = path.join(folder, 'wine');
  const env = {
    ...process.env,
    // Node looks for a Windows that Wine does not say it is.
    NODE_SKIP_PLATFORM_CHECK: '1',
    WINEARCH: 'win64',
    WINEDEBUG: '-all',
    WINEDLLOVERRIDES: 'bcryptprimitives=n,b;mscoree,mshtml=',
    WINEPREFIX: prefix
  };
  const system = path.join(prefix, 'drive_c/windows/system32');

  if (!fs.existsSync(system)) {
    fs.mkdirSync(prefix, { recursive: true });
    spawnSync(wine(), ['wineboot', '--init'], { env, stdio: 'ignore' });
  }
  compileDll(path.join(system, 'bcryptprimitives.dll'));
  return { args: [node], command: wine(), env };
}

// Rust's standard library takes random numbers from a DLL that Wine 8 lacks.
function compileDll(output) {
  const source = path.join(__dirname, 'bcryptprimitives.c');

  if (fs.existsSync(output)) return;
  const zig = spawnSync(
    path.join(zigBin(), 'python'),
    [
      ...['-m', 'ziglang', 'cc', '-target', 'x86_64-windows-gnu', '-shared'],
      ...['-O2', '-s', '-o', output, source, '-ladvapi32']
    ],
    { encoding: 'utf8' }
  );

  if (zig.status !== 0) throw new Error(`zig cc failed:\n${zig.stderr}`);
}
