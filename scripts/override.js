#!/usr/bin/env node
'use strict';

/**
 * Has all packages of an npm project use ws-rs as their `ws`, as
 * `npx --no-install ws-rs-override` in the project's folder.
 *
 * An override alone does that only in a project without lock file: npm keeps
 * what the lock file has below other packages, and says nothing. So this also
 * takes those entries out. `npm install` then does the rest.
 */

const fs = require('node:fs');
const path = require('node:path');

const USAGE = `Usage: npx --no-install ws-rs-override

Has all packages of the project in this folder use ws-rs as their \`ws\`: adds an
override to package.json, and removes other copies of ws from package-lock.json
and node_modules. Run \`npm install\` behind it. How to go back: docs/install.md.`;

const OLDER = `
What had a ws older than 8 was written for another API: since ws 8, texts come
as Buffers. Test it with ws-rs, or leave the override out.
`;

if (require.main === module) {
  try {
    if (process.argv.length > 2) console.log(USAGE);
    else main(process.cwd());
  } catch (err) {
    console.error(`ws-rs-override: ${err.message}`);
    process.exitCode = 1;
  }
}

module.exports = { override };

function main(project) {
  const removed = override(project);

  console.log('package.json: overrides.ws is "$ws", which is your own `ws`');
  for (const { name, version } of removed) {
    console.log(`removed ${name} (${version})`);
  }
  if (removed.some(isOlder)) console.log(OLDER);
  console.log('Now run `npm install`, then `npm ls ws`.');
}

function isOlder({ version }) {
  return Number.parseInt(version, 10) < 8;
}

/**
 * Changes package.json, the lock file and node_modules of a project.
 *
 * @param {String} project Its folder
 * @return {Object[]} The copies of `ws` that were removed: `name`, a path, and
 *     `version`
 * @throws {Error} If `ws` is not ws-rs there, or npm does not manage it
 */
function override(project) {
  const manifest = readJson(path.join(project, 'package.json'));

  if (!manifest) throw new Error(`there is no package.json in ${project}`);
  for (const name of ['pnpm-lock.yaml', 'yarn.lock']) {
    if (fs.existsSync(path.join(project, name))) {
      throw new Error(
        `${name} says that this is no project of npm; docs/install.md has ` +
          'what to write for pnpm and Yarn'
      );
    }
  }
  assertInstalled(project, manifest.value);

  manifest.value.overrides = { ...manifest.value.overrides, ws: '$ws' };
  manifest.write();

  // npm's own note of what is in node_modules is made again when it is gone.
  fs.rmSync(path.join(project, 'node_modules/.package-lock.json'), {
    force: true
  });

  const locks = ['package-lock.json', 'npm-shrinkwrap.json'].flatMap(
    (name) => readJson(path.join(project, name)) ?? []
  );
  const removed = new Map(locks.flatMap(unlock));

  for (const name of removed.keys()) {
    fs.rmSync(path.join(project, name), { force: true, recursive: true });
  }
  return Array.from(removed, ([name, version]) => ({ name, version }));
}

function assertInstalled(project, { dependencies, devDependencies }) {
  const installed = readJson(
    path.join(project, 'node_modules/ws/package.json')
  );
  const isNamed = Boolean(dependencies?.ws ?? devDependencies?.ws);

  if (isNamed && installed?.value.name === 'ws-rs') return;
  throw new Error(
    '`ws` is not ws-rs in this project. First: npm install ' +
      'ws@file:vendor/<tarball of ws-rs> (published: ws@npm:ws-rs)'
  );
}

// Takes `ws` below other packages out of a lock file, but for copies of ws-rs.
function unlock({ value, write }) {
  const nested = Object.entries(value.packages ?? {})
    .filter(([name]) => /.\/node_modules\/ws$/.test(name))
    .filter(([, entry]) => entry.name !== 'ws-rs')
    .map(([name, { version }]) => [name, version]);

  for (const [name] of nested) delete value.packages[name];
  if (nested.length > 0) write();
  return nested;
}

// Keeps the indentation that a file has.
function readJson(file) {
  if (!fs.existsSync(file)) return undefined;

  const text = fs.readFileSync(file, 'utf8');
  const indent = /^[ \t]+(?=")/m.exec(text)?.[0] ?? 2;
  const value = JSON.parse(text);

  return {
    value,
    write: () =>
      fs.writeFileSync(file, `${JSON.stringify(value, null, indent)}\n`)
  };
}
