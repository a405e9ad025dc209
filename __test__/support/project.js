'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { install } = require('./installed');
const { ROOT } = require('./programs');
const { TOOLS } = require('./tools');
const { detectLibc, targetName } = require('../../lib/native/loader');
const { pack } = require('../../scripts/pack');

const TARGET = targetName(process.platform, process.arch, detectLibc());
const BINARY = `ws-rs.${TARGET}.node`;

/**
 * A project in a temporary folder, with the packed package and the binary of
 * this checkout.
 *
 * @param {Object} [options]
 * @param {String} [options.name='ws-rs'] The name that it is installed under
 * @param {Boolean} [options.platformPackage=false] Whether the binary is in the
 *     package of the platform, or in the package's own folder
 * @param {String[]} [options.tools] Names of installed tools that it sees
 * @return {String} The folder; whoever calls has to remove it
 */
function makeProject({
  name = 'ws-rs',
  platformPackage = false,
  tools = []
} = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-project-'));
  const modules = path.join(folder, 'node_modules');
  const tarball = pack(folder, { sources: true });

  install(folder, `${name}@file:${tarball}`);
  fs.rmSync(tarball);

  if (platformPackage) {
    const target = path.join(modules, '@ws-rs', TARGET);

    fs.cpSync(path.join(ROOT, 'npm', TARGET), target, { recursive: true });
    fs.copyFileSync(path.join(ROOT, BINARY), path.join(target, BINARY));
  } else {
    fs.copyFileSync(path.join(ROOT, BINARY), path.join(modules, name, BINARY));
  }

  for (const tool of tools) {
    const link = path.join(modules, tool);

    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(path.join(TOOLS, tool), link, 'junction');
  }

  return folder;
}

module.exports = { BINARY, makeProject };
