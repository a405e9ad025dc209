'use strict';

const { existsSync, readdirSync, statSync } = require('node:fs');
const path = require('node:path');

/**
 * @typedef {Object} ServerKind
 * @property {string} name What `--servers` takes
 * @property {string} title
 * @property {string} [baselineOf] Of another checkout's ws-rs: the name of this
 *   one's that it is compared with
 * @property {string} script In bench/servers
 * @property {string | null} package Of bench/node_modules; null for ws-rs itself
 * @property {Function} [runtime] Gives the program that runs the script, which is
 *   no Node
 * @property {Object<string, string>} env
 * @property {string} colour In the plot
 */

/** @type {ServerKind[]} */
const servers = [
  {
    name: 'ws',
    title: 'ws',
    script: 'ws.js',
    package: 'ws',
    env: { WS_NO_BUFFER_UTIL: '1' },
    colour: '#8f97a3'
  },
  {
    // The optional addon that ws masks and unmasks with if it is installed.
    name: 'ws:bufferutil',
    title: 'ws + bufferutil',
    script: 'ws.js',
    package: 'bufferutil',
    env: {},
    colour: '#a98467'
  },
  {
    name: 'uws',
    title: 'uWebSockets.js',
    script: 'uws.js',
    package: '@trufflesuite/uws-js-unofficial',
    env: {},
    colour: '#d08a1d'
  },
  {
    name: 'bun',
    title: 'Bun',
    script: 'bun.js',
    package: 'bun',
    runtime: bun,
    env: {},
    colour: '#b5485d'
  },
  {
    name: 'ws+frame',
    title: 'ws, one frame',
    script: 'ws.js',
    package: 'ws',
    env: { BENCH_FAN_OUT: 'frame', WS_NO_BUFFER_UTIL: '1' },
    colour: '#6d7480'
  },
  wsRs(null, '#2b83e6'),
  wsRsToAll('frame', '#7a6ff0'),
  wsRsToAll('broadcast', '#1f9d73'),
  wsRsToAll('topics', '#cc5490'),
  wsRs('stream', '#7a6ff0'),
  wsRs('loop', '#1f9d73'),
  wsRs('pool', '#cc5490'),
  // With Node's TLS.
  {
    ...wsRs(null, '#a98467'),
    name: 'ws-rs+https',
    title: 'ws-rs, https.Server',
    env: { BENCH_HTTPS: '1' }
  }
].flatMap((kind) => (kind.package ? kind : [kind, baseline(kind)]));

/**
 * @param {string} name
 * @return {ServerKind}
 * @throws {Error} If there is none of that name
 */
function serverKind(name) {
  const kind = servers.find((server) => server.name === name);

  if (!kind) {
    const names = servers
      .filter(({ baselineOf }) => !baselineOf)
      .map((server) => server.name)
      .join(', ');
    throw new Error(`no such server: ${name}; there are ${names}`);
  }
  return kind;
}

/** Bytes that the file has in `bun` that says only that no install script ran. */
const PLACEHOLDER = 4096;

/**
 * @return {string} Bun, which is in a package for the platform, or where its install
 *   script has moved it if somebody let that run
 * @throws {Error} There is none for this platform
 */
function bun() {
  const modules = path.join(__dirname, '..', 'node_modules');
  const scope = path.join(modules, '@oven');
  const found = (existsSync(scope) ? readdirSync(scope) : [])
    .map((name) => path.join(scope, name, 'bin', 'bun'))
    .concat(path.join(modules, 'bun', 'bin', 'bun.exe'))
    .find((file) => existsSync(file) && statSync(file).size > PLACEHOLDER);

  if (found === undefined) {
    throw new Error(
      `Bun has no binary for ${process.platform}-${process.arch}`
    );
  }
  return found;
}

/** @param {string | null} transport null for ws-rs's own choice */
function wsRs(transport, colour) {
  return {
    name: transport ? `ws-rs:${transport}` : 'ws-rs',
    title: transport ? `ws-rs (${transport})` : 'ws-rs',
    script: 'ws-rs.js',
    package: null,
    env: transport ? { WS_RS_TRANSPORT: transport } : {},
    colour
  };
}

/** ws-rs with another way to send to all than a loop of `send()`. */
function wsRsToAll(way, colour) {
  return {
    ...wsRs(null, colour),
    name: `ws-rs+${way}`,
    title: way === 'frame' ? 'ws-rs, one frame' : `ws-rs ${way}`,
    env: { BENCH_FAN_OUT: way }
  };
}

/** @param {ServerKind} kind Of this checkout's ws-rs */
function baseline(kind) {
  return {
    ...kind,
    name: kind.name.replace('ws-rs', 'baseline'),
    title: kind.title.replace('ws-rs', 'baseline'),
    baselineOf: kind.name
  };
}

module.exports = { serverKind, servers };
