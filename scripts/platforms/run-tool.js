'use strict';

const { spawnSync } = require('node:child_process');

/**
 * Runs a program that installs something.
 *
 * @param {String} command The program
 * @param {String[]} args Its arguments
 * @param {Object} [env=process.env] Its environment
 * @throws {Error} If it does not exist or fails
 */
function runTool(command, args, env = process.env) {
  const child = spawnSync(command, args, {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    // What these say is no result of ours.
    stdio: ['ignore', 2, 2]
  });

  if (child.error) throw child.error;
  if (child.status !== 0) {
    throw new Error(`\`${command} ${args.join(' ')}\` failed, see above`);
  }
}

module.exports = { runTool };
