'use strict';

/**
 * Keeps the platform packages in npm/ in step with targets.js and with the
 * version in package.json, and lib/native/version.js with the latter.
 *
 *   node scripts/npm-packages.js             write these files
 *   node scripts/npm-packages.js --check     fail if they are out of date
 */

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { TARGETS } = require('./targets');

const ROOT = path.resolve(__dirname, '..');
const root = require('../package.json');

if (require.main === module) {
  const { values } = parseArgs({
    options: { check: { type: 'boolean' } }
  });
  const problems = [
    ...wrongVersions(),
    ...sync('lib/native/version.js', versionModule(), values.check),
    ...TARGETS.flatMap((t) => syncPackage(t, values.check))
  ];

  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${TARGETS.length} platform packages, all is well`);
}

function syncPackage(target, check) {
  const json = `${JSON.stringify(manifest(target), null, 2)}\n`;

  return [
    ...sync(`npm/${target.name}/package.json`, json, check),
    ...sync(`npm/${target.name}/README.md`, readme(target), check)
  ];
}

function sync(name, text, check) {
  const file = path.join(ROOT, name);
  const old = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';

  if (old === text) return [];
  if (check) {
    return [`${name} is out of date, run \`node scripts/npm-packages.js\``];
  }
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  return [];
}

function versionModule() {
  return `'use strict';

// Made by \`node scripts/npm-packages.js\`. Not all bundlers can read JSON.

/** The version in package.json. */
module.exports = '${root.version}';
`;
}

function manifest({ cpu, libc, name, os }) {
  return {
    name: `@ws-rs/${name}`,
    version: root.version,
    description: `The binary of ws-rs for ${name}`,
    license: root.license,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    engines: root.engines,
    main: `ws-rs.${name}.node`,
    files: ['THIRD-PARTY.md', `ws-rs.${name}.node`]
  };
}

function readme({ glibc, name, triple }) {
  const floor = glibc ? ` It needs glibc ${glibc} or newer.` : '';

  return `# @ws-rs/${name}

The binary of [ws-rs](https://www.npmjs.com/package/ws-rs) for \`${triple}\`.${floor}
npm installs it together with \`ws-rs\` where it fits; there is no reason to
install it by itself.
`;
}

function wrongVersions() {
  const cargo = fs.readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8');
  const version = /^version = "(.+)"$/m.exec(cargo)?.[1];

  if (version === root.version) return [];
  return [
    `Cargo.toml has version ${version}, package.json has ${root.version}`
  ];
}
