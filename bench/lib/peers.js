'use strict';

const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

const { Server } = require('./server');
const { serverKind } = require('./servers');

const bench = path.join(__dirname, '..');
const root = path.join(bench, '..');

/** What ws-rs is made of, in its checkout. */
const sources = [
  'Cargo.lock',
  'Cargo.toml',
  'crates',
  'index.js',
  'lib',
  'src'
];

/**
 * Installs the packages that ws-rs is compared with into bench/node_modules,
 * unless the versions wanted are there. No install script runs: the addons come
 * with their binaries.
 *
 * @throws {Error} If npm fails
 */
function installPeers() {
  const { dependencies } = readJson(path.join(bench, 'package.json'));
  const missing = Object.keys(dependencies).some(
    (name) => installedVersion(name) !== dependencies[name]
  );

  if (!missing) return;
  console.log('Installing ws and uWebSockets.js into bench/node_modules');
  try {
    execFileSync(
      'npm',
      ['ci', '--prefix', bench, '--omit=optional', '--ignore-scripts'].concat(
        '--no-audit',
        '--no-fund'
      ),
      { cwd: bench, stdio: ['ignore', 'ignore', 'inherit'] }
    );
  } catch {
    throw new Error(
      'npm could not install the peers (see above); once they are in ' +
        'bench/node_modules, no network is needed'
    );
  }
}

/**
 * Builds ws-rs's addon if a source is newer, so that figures belong to the commit
 * they are published with.
 *
 * @param {string[]} names As in `--servers`; nothing happens without ws-rs
 * @throws {Error} If the build fails
 */
function buildWsRs(names) {
  if (names.every((name) => serverKind(name).package)) return;

  const script = path.join(root, 'scripts', 'build.js');

  try {
    execFileSync(process.execPath, [script, '--if-stale'], {
      stdio: ['ignore', 'inherit', 'inherit']
    });
  } catch {
    throw new Error(
      'ws-rs could not be built (see above); --servers ws,uws does without it'
    );
  }
}

/**
 * Starts each server once, and leaves out those that cannot run here.
 *
 * @param {string[]} names As in `--servers`
 * @param {{ pin: Function }} sandbox
 * @return {Promise<{ servers: { name: string, title: string,
 *   version: string }[], notes: string[] }>} `notes` tells who is left out
 * @throws {Error} If none can run
 */
async function usableServers(names, { pin }) {
  const servers = [];
  const notes = [];

  for (const name of names) {
    try {
      await (await Server.start(name, pin)).stop();
      servers.push({ name, ...describe(name) });
    } catch (error) {
      notes.push(`${name} was left out: ${error.message}`);
      console.log(notes.at(-1));
    }
  }
  if (servers.length === 0) throw new Error('none of the servers can run here');
  return { servers, notes };
}

/** @return {{ title: string, version: string }} */
function describe(name) {
  const kind = serverKind(name);
  const version = kind.package
    ? installedVersion(kind.package).replace('-unofficial.0', '')
    : [readJson(path.join(root, 'package.json')).version, commit()]
        .filter(Boolean)
        .join(' ');

  return { title: kind.title, version };
}

/** @return {string | null} The commit that is checked out, `+` if changed */
function commit() {
  const git = (...args) =>
    execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore']
    }).trim();

  try {
    const changed = git('status', '--porcelain', '--', ...sources);
    return git('rev-parse', '--short=8', 'HEAD') + (changed ? '+' : '');
  } catch {
    return null;
  }
}

function installedVersion(name) {
  const manifest = path.join(bench, 'node_modules', name, 'package.json');
  return existsSync(manifest) ? readJson(manifest).version : null;
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

module.exports = { buildWsRs, installPeers, usableServers };
