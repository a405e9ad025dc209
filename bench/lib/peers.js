'use strict';

const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const path = require('node:path');

const { prepareCheckout, versionOf } = require('./checkouts');
const { Server } = require('./server');
const { serverKind } = require('./servers');

const bench = path.join(__dirname, '..');
const root = path.join(bench, '..');

/**
 * Installs the packages that ws-rs is compared with into bench/node_modules,
 * unless the versions wanted are there. No install script runs: the addons come
 * with their binaries.
 *
 * @param {string[]} names As in `--servers`; nothing happens without peers
 * @throws {Error} If npm fails
 */
function installPeers(names) {
  if (names.every((name) => !serverKind(name).package)) return;

  const { dependencies } = readJson(path.join(bench, 'package.json'));
  const missing = Object.keys(dependencies).some(
    (name) => installedVersion(name) !== dependencies[name]
  );

  if (!missing) return;
  console.log('Installing ws, uWebSockets.js and Bun into bench/node_modules');
  try {
    execFileSync(
      'npm',
      ['ci', '--prefix', bench, '--ignore-scripts', '--no-audit', '--no-fund'],
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
 * Builds ws-rs's addon, here and in the baseline, where a source is newer.
 *
 * @param {string[]} names As in `--servers`; nothing happens without ws-rs
 * @param {string | null} baseline
 * @throws {Error} If a build fails or the baseline is no checkout of ws-rs
 */
function buildWsRs(names, baseline) {
  if (names.every((name) => serverKind(name).package)) return;
  if (baseline) prepareCheckout(baseline);
  prepareCheckout(root);
}

/**
 * Starts each server once, and leaves out those that cannot run here.
 *
 * @param {string[]} names As in `--servers`
 * @param {Object} plan The sandbox, the baseline, the Node
 * @return {Promise<{ servers: { name: string, title: string,
 *   version: string }[], notes: string[] }>} `notes` tells who is left out
 * @throws {Error} If none can run
 */
async function usableServers(names, { baseline, node, sandbox }) {
  const servers = [];
  const notes = [];

  for (const name of names) {
    try {
      const server = await Server.start(name, sandbox.pin, { baseline, node });

      await server.stop();
      servers.push({ name, ...describe(name, baseline) });
    } catch (error) {
      notes.push(`${name} was left out: ${error.message}`);
      console.log(notes.at(-1));
    }
  }
  if (servers.length === 0) throw new Error('none of the servers can run here');
  return { servers, notes };
}

/** @return {{ title: string, version: string }} */
function describe(name, baseline) {
  const kind = serverKind(name);
  const version = kind.package
    ? installedVersion(kind.package).replace('-unofficial.0', '')
    : versionOf(kind.baselineOf ? baseline : root);

  return { title: kind.title, version };
}

function installedVersion(name) {
  const manifest = path.join(bench, 'node_modules', name, 'package.json');
  return existsSync(manifest) ? readJson(manifest).version : null;
}

function readJson(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

module.exports = { buildWsRs, installPeers, usableServers };
