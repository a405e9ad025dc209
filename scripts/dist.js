'use strict';

/**
 * Builds the binary of every platform that can be built for on one Debian
 * machine, into dist/, and checks each.
 *
 *   npm run dist -- [--install] [--fresh] [targets, such as linux-arm64-gnu]
 *
 *   --install  as root: install what is missing, from Debian and PyPI
 *   --fresh    build also what is newer than every source file
 *
 * The binaries of a release come from .github/workflows, each from a machine
 * of its own kind where there is one.
 */

const path = require('node:path');
const { parseArgs } = require('node:util');

const { build } = require('./build');
const { inspect, misfits } = require('./platforms/inspect');
const { OBSTACLES, row, table } = require('./platforms/report');
const { cargoEnv } = require('./platforms/toolchain');
const { need } = require('./platforms/tools');
const { ROOT } = require('./run');
const { TARGETS, UNPUBLISHED } = require('./targets');

const OUT = path.join(ROOT, 'dist');

if (require.main === module) {
  try {
    main();
  } catch (err) {
    console.error(`dist: ${err.message}`);
    process.exitCode = 1;
  }
}

module.exports = { choose, make };

function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { fresh: { type: 'boolean' }, install: { type: 'boolean' } }
  });
  const chosen = choose(positionals);

  need(['rust', 'zig'], values.install);

  const results = chosen
    .filter(({ name }) => !OBSTACLES[name])
    .map((target) => ({ target, ...make(target, values.fresh) }));
  const skipped = chosen.filter(({ name }) => OBSTACLES[name]);
  const failed = results.filter(({ problems }) => problems.length > 0);

  console.log(`\n${table(results.map(row))}\n`);
  for (const { name } of skipped) {
    console.log(`${name} cannot be built here: ${OBSTACLES[name]}`);
  }
  console.log(
    `\n${results.length - failed.length} of ${results.length} binaries are ` +
      `good, in ${path.relative(ROOT, OUT)}/; ${skipped.length} targets ` +
      'cannot be built here'
  );
  for (const { problems, target } of failed) {
    for (const problem of problems) console.error(`${target.name} ${problem}`);
  }
  if (failed.length > 0) process.exitCode = 1;
}

/**
 * @param {String[]} names Names of targets; none means all
 * @return {Object[]} Their entries in targets.js
 * @throws {Error} If one does not exist
 */
function choose(names) {
  const all = [...TARGETS, ...UNPUBLISHED];
  const unknown = names.find((name) => !all.some((t) => t.name === name));

  if (unknown) {
    throw new Error(
      `no target "${unknown}", there are ${all.map((t) => t.name).join(', ')}`
    );
  }
  return names.length === 0 ? all : all.filter((t) => names.includes(t.name));
}

/**
 * Builds for a target, if a source is newer than what there is, and checks it.
 *
 * @param {Object} target Its entry in targets.js
 * @param {Boolean} [fresh=false] Whether to build in any case
 * @return {Object} `problems`, texts; if it was built `file`, its path, and
 *     `found`, what `inspect()` says of it
 */
function make(target, fresh = false) {
  console.log(`== ${target.name}`);
  try {
    const file = build({
      env: cargoEnv(target),
      ifStale: !fresh,
      out: OUT,
      target: target.triple,
      zig: true
    });
    const found = inspect(file);
    return { file, found, problems: misfits(target, found) };
  } catch (err) {
    return { problems: [`was not built: ${err.message}`] };
  }
}
