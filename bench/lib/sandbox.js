'use strict';

const { spawn, spawnSync } = require('node:child_process');
const { readFileSync, writeFileSync } = require('node:fs');
const os = require('node:os');

/** Set, in the child process that runs inside the namespace, to its kind. */
const marker = 'WS_RS_BENCH_NAMESPACE';
const congestion = '/proc/sys/net/ipv4/tcp_congestion_control';

/**
 * @typedef {Object} Sandbox
 * @property {(program: string, args: string[], core?: number) =>
 *   [string, string[]]} pin Makes a command run on one core, by default on the
 *   core that server and generator share
 * @property {Object} conditions What could be set and what could not, as in
 *   docs/bench.json
 */

/**
 * Prepares quiet surroundings: a network namespace of its own, in which the
 * congestion control can be chosen without touching the machine's, and one core.
 * What rights do not allow is left as it is, and said in `conditions`.
 *
 * @param {number | null} core null for the last one allowed
 * @param {() => void} prepare What needs the machine's network; called before
 *   the namespace is entered
 * @return {Promise<Sandbox | null>} null if the run took place in a child
 *   process inside a namespace; its exit code is then this one's
 */
async function enterSandbox(core, prepare) {
  if (!process.env[marker]) {
    prepare();
    const way = namespaceCommand();

    if (way) {
      process.exitCode = await runInside(way);
      return null;
    }
  }

  const namespace = process.env[marker] ? 'own' : 'shared';
  const allowed = allowedCores();
  const shared = sharedCore(core, allowed);
  const conditions = {
    namespace: namespace === 'own' && loopbackUp() ? 'own' : 'shared',
    congestionControl: setCongestionControl(namespace),
    core: shared,
    otherCore: allowed.find((one) => shared !== null && one !== shared) ?? null,
    machine: machine()
  };

  return {
    conditions,
    pin: (program, args, other) =>
      shared === null
        ? [program, args]
        : ['taskset', ['-c', String(other ?? shared), program, ...args]]
  };
}

/** @return {string[] | null} A command that enters a new network namespace */
function namespaceCommand() {
  const ways = [
    ['unshare', '--net'],
    ['unshare', '--map-root-user', '--net']
  ];
  const works = ([program, ...args]) =>
    spawnSync(program, [...args, 'ip', 'link', 'set', 'lo', 'up']).status === 0;

  return ways.find(works) ?? null;
}

function runInside([program, ...args]) {
  const again = [
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1)
  ];
  const child = spawn(program, [...args, ...again], {
    env: { ...process.env, [marker]: 'own' },
    stdio: 'inherit'
  });

  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function loopbackUp() {
  return spawnSync('ip', ['link', 'set', 'lo', 'up']).status === 0;
}

/**
 * Chooses Reno in a namespace of our own: BBR's pacing makes large messages on
 * the loopback device erratic.
 */
function setCongestionControl(namespace) {
  try {
    if (namespace === 'own') writeFileSync(congestion, 'reno');
  } catch {
    // Not allowed: what is in force is reported.
  }
  try {
    return readFileSync(congestion, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

/** @return {number[]} The cores that this process may run on, ascending */
function allowedCores() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [, list] = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status);

  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** @return {number | null} The core for both, null if it cannot be chosen */
function sharedCore(wanted, allowed) {
  const core = wanted ?? allowed.at(-1);
  const works = spawnSync('taskset', ['-c', String(core), 'true']).status === 0;

  if (!works && wanted !== null) {
    throw new Error(`taskset cannot run anything on core ${wanted}`);
  }
  return works ? core : null;
}

function machine() {
  return {
    cpu: os.cpus()[0].model.trim(),
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    loadAverageAtStart: Number(os.loadavg()[0].toFixed(2))
  };
}

module.exports = { enterSandbox };
