'use strict';

/**
 * Bundlers, test runners and runtimes that `npm run test:ecosystem` installs:
 * they are too large for everybody's `npm install`.
 */

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./programs');

/** Where they are. */
const TOOLS = path.join(ROOT, '.cache/ecosystem/node_modules');

/**
 * For the option `skip` of a test.
 *
 * @param {...String} names Packages that the test needs
 * @return {(String|Boolean)} Why it has to be skipped, or `false`
 */
function absent(...names) {
  const name = names.find((name) => !fs.existsSync(path.join(TOOLS, name)));

  // There they are not missing without a reason.
  if (process.env.WS_RS_TEST_TOOLS === 'required') return false;
  return name
    ? `${name} is not installed, \`npm run test:ecosystem\` does that`
    : false;
}

/**
 * The executable of a runtime. It is in a package for the platform, as no
 * install script was run.
 *
 * @param {String} name 'bun' or 'deno'
 * @return {String} Its path
 * @throws {Error} There is none for this platform
 */
function executable(name) {
  const scope = path.join(TOOLS, name === 'bun' ? '@oven' : '@deno');
  const file = process.platform === 'win32' ? `${name}.exe` : name;
  const found = fs
    .readdirSync(scope)
    .flatMap((folder) => [
      path.join(scope, folder, 'bin', file),
      path.join(scope, folder, file)
    ])
    .find((candidate) => fs.existsSync(candidate));

  if (found === undefined) throw new Error(`no ${name} for this platform`);
  return found;
}

module.exports = { absent, executable, TOOLS };
