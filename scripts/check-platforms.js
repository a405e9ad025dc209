'use strict';

/**
 * Type-checks the Rust side for platforms on which nothing is run here: macOS,
 * FreeBSD, Android, and Windows with the tools of MSVC. A warning is an error,
 * as in `npm run check`, which looks at this machine's platform alone.
 *
 *   npm run check:platforms -- [--install] [targets]
 *
 *   --install  as root: install what is missing, from Debian and PyPI
 *
 * cargo runs the build scripts of dependencies even to check, and that of ring,
 * which all but Windows has, compiles C: zig does it for every platform.
 */

const { parseArgs } = require('node:util');

const { choose } = require('./dist');
const { MACHINES } = require('./platforms/machines');
const { cargoEnv } = require('./platforms/toolchain');
const { need, rust, zigBuild } = require('./platforms/tools');
const { run } = require('./run');

/** cargo's way to refuse what the compiler warns of, in our own crates alone. */
const WARNINGS = {
  CARGO_BUILD_WARNINGS: 'deny',
  CARGO_UNSTABLE_WARNINGS: 'true'
};

try {
  main();
} catch (err) {
  console.error(`check-platforms: ${err.message}`);
  process.exitCode = 1;
}

function main() {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { install: { type: 'boolean' } }
  });
  const notRun = ({ name, os }) => os !== 'linux' && !MACHINES[name];
  const targets =
    positionals.length > 0 ? choose(positionals) : choose([]).filter(notRun);

  need(targets.some(compilesC) ? ['rust', 'zig'] : ['rust'], values.install);

  const failed = targets.filter((target) => check(target) !== 0);

  console.log(
    `\n${targets.length - failed.length} of ${targets.length} platforms have no ` +
      'errors and no warnings'
  );
  if (failed.length > 0) {
    console.error(`failed: ${failed.map(({ name }) => name).join(', ')}`);
    process.exitCode = 1;
  }
}

function check(target) {
  console.log(`== ${target.name}`);
  return run(
    compilesC(target) ? zigBuild() : rust().cargo,
    ['check', '--locked', '--quiet', '-p', 'ws-rs', '--target', target.triple],
    { env: { ...cargoEnv(target), ...WARNINGS } }
  );
}

function compilesC({ os }) {
  return os !== 'win32';
}
