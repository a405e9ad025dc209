'use strict';

const { spawnSync } = require('node:child_process');
const path = require('node:path');

/** The folder of the project. */
const ROOT = path.resolve(__dirname, '..');

/**
 * Runs a program with this process's output streams.
 *
 * @param {String} command The program
 * @param {String[]} args Its arguments
 * @param {Object} [options] As for `child_process.spawnSync()`
 * @return {Number} Its exit code; 1 if it was killed or does not exist
 */
function run(command, args, options) {
  const child = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    ...options
  });

  if (child.error) console.error(`${command}: ${child.error.message}`);
  return child.status ?? 1;
}

/**
 * Where the command-line program of a development dependency is, so that it
 * can be run by this process's own Node.
 *
 * @param {String} name The package
 * @param {String} [bin] The program, if it has another name
 * @return {String} The path of a script
 * @throws {Error} If it is not installed
 */
function binOf(name, bin = name) {
  const manifest = path.join(ROOT, 'node_modules', name, 'package.json');
  let field;

  try {
    field = require(manifest).bin;
  } catch {
    throw new Error(`${name} is not installed, run \`npm ci\` first`);
  }

  const file = typeof field === 'string' ? field : field[bin];
  return path.join(path.dirname(manifest), file);
}

module.exports = { binOf, ROOT, run };
