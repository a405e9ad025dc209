'use strict';

const path = require('node:path');
const { parseArgs } = require('node:util');

const { serverKind, servers } = require('./servers');
const { selectWorkloads, workloads } = require('./workloads');

const defaultServers = 'ws,ws:bufferutil,uws,bun,ws-rs';
const fanOutServers =
  'ws,ws+frame,uws,bun,ws-rs,ws-rs+frame,ws-rs+broadcast,ws-rs+topics';

/** What ws-rs and a baseline are compared in. */
const compared = ['plain', 'tls-100x125', 'deflate-takeover-100x1k'];

/**
 * Rounds and seconds unless told. A process may be some percent faster than the
 * next one of the same program, for all its life: a comparison has many short
 * rounds, each of new processes.
 */
const defaults = {
  usual: { rounds: '3', 'warm-up': '1', seconds: '2' },
  quick: { rounds: '1', 'warm-up': '0.3', seconds: '0.5' },
  baseline: { rounds: '21', 'warm-up': '0.5', seconds: '0.4' },
  quickBaseline: { rounds: '5', 'warm-up': '0.3', seconds: '0.2' }
};

/** @return {string} What `--help` prints */
function help() {
  const width = Math.max(...workloads.map(({ name }) => name.length));
  const starred = selectWorkloads(compared);
  const list = workloads.map((workload) => {
    const { name, title, extra } = workload;
    const star = starred.includes(workload) ? '*' : ' ';
    return `${star} ${name.padEnd(width)}  ${title}${extra ? ' (only when named)' : ''}`;
  });

  return `npm run bench -- [options]

  --baseline DIR     compares ws-rs with that of another checkout, and with the
                     --servers named, in rounds of slices of 0.1 s by turns
  --servers A,B      of ${servers
    .filter(({ baselineOf }) => !baselineOf)
    .map(({ name }) => name)
    .join(', ')}
                     (default ${defaultServers}; with --baseline
                     ws-rs; with --only fanout
                     ${fanOutServers})
  --transport T,U    adds ws-rs:T and ws-rs:U to the servers
  --only A,B         only these workloads or groups of them (default those without
                     a remark; with --baseline those with a *)
  --rounds N         alternating rounds; at least 3 to be published (default 3;
                     with --baseline 21)
  --warm-up SECONDS  not measured (default 1; with --baseline 0.5)
  --seconds SECONDS  measured, per sample (default 2; with --baseline 0.4)
  --quick            one round of 0.5 s samples (with --baseline five of 0.2 s),
                     for a first look
  --node PROGRAM     runs the servers on another Node
  --core N           the core that server and generator share (default the last)
  --generator-core N gives the generator a core of its own: throughput of the
                     server alone, less exact CPU times
  --output DIR       where bench.json, bench.svg and the table in performance.md
                     are written (default docs, for complete runs only); with
                     --baseline only bench-baseline.json

Workloads:
${list.join('\n')}
`;
}

/**
 * @param {string[]} args The command line after the script's name
 * @return {Object} The options, checked and with defaults
 * @throws {Error} That names the wrong option
 */
function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      baseline: { type: 'string' },
      core: { type: 'string' },
      'generator-core': { type: 'string' },
      help: { type: 'boolean' },
      node: { type: 'string' },
      only: { type: 'string' },
      output: { type: 'string' },
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      servers: { type: 'string' },
      transport: { type: 'string' },
      'warm-up': { type: 'string' }
    }
  });
  const { baseline, only, quick } = values;
  const names = only?.split(',') ?? (baseline && compared);
  const workloads = selectWorkloads(names);
  const given = { ...defaultsFor(values), ...values };
  const rounds = integer('rounds', given.rounds, 1);

  return {
    baseline: baseline === undefined ? null : fromHere('baseline', baseline),
    core: core('core', values.core),
    generatorCore: core('generator-core', values['generator-core']),
    help: values.help === true,
    isComplete:
      !quick && !baseline && (!only || isWhole(workloads)) && rounds >= 3,
    node: program(values.node),
    output: values.output ?? null,
    rounds,
    seconds: positive('seconds', given.seconds),
    servers: serverNames(values, workloads),
    warmUp: positive('warm-up', given['warm-up']),
    workloads
  };
}

function defaultsFor({ baseline, quick }) {
  if (baseline === undefined) return quick ? defaults.quick : defaults.usual;
  return quick ? defaults.quickBaseline : defaults.baseline;
}

/** npm runs scripts in the package's folder and says where it was called. */
function fromHere(name, folder) {
  if (folder === '') throw new Error(`--${name} takes a path`);
  return path.resolve(process.env.INIT_CWD ?? '.', folder);
}

/** @return {string | null} A path, a name to be looked for, null if not given */
function program(text) {
  if (text === undefined) return null;
  return text === '' || text.includes('/') ? fromHere('node', text) : text;
}

/** Whether these are what a section of docs/performance.md shows. */
function isWhole(workloads) {
  return [
    ['deflate', 'deflate-memory'],
    ['fanout'],
    ['memory'],
    ['paced']
  ].some((groups) => {
    const all = selectWorkloads(groups);

    return (
      workloads.length === all.length && workloads.every((w) => all.includes(w))
    );
  });
}

function serverNames({ baseline, servers: list, transport }, workloads) {
  const isFanOut = workloads.every(({ kind }) => kind === 'fanout');
  const usual =
    baseline !== undefined
      ? 'ws-rs'
      : isFanOut
        ? fanOutServers
        : defaultServers;
  const extra = transport ? transport.split(',').map((t) => `ws-rs:${t}`) : [];
  const names = [...new Set([...(list ?? usual).split(','), ...extra])];
  const pairs = names.flatMap((name) => {
    const { package: peer, baselineOf } = serverKind(name);

    if (baselineOf) {
      throw new Error(`${name} comes with --baseline DIR and ${baselineOf}`);
    }
    return peer || baseline === undefined ? name : [baselineName(name), name];
  });

  if (baseline !== undefined && pairs.length === names.length) {
    throw new Error('--baseline is compared with ws-rs: add it to --servers');
  }
  return pairs;
}

function baselineName(name) {
  return servers.find(({ baselineOf }) => baselineOf === name).name;
}

/** @return {number | null} null if it was not given */
function core(name, text) {
  return text === undefined ? null : integer(name, text, 0);
}

function integer(name, text, least) {
  const value = Number(text);

  if (!Number.isInteger(value) || value < least) {
    throw new Error(
      `--${name} takes a whole number from ${least}, not ${text}`
    );
  }
  return value;
}

function positive(name, text) {
  const value = Number(text);

  if (!(value > 0 && value < 3600)) {
    throw new Error(`--${name} takes a number of seconds, not ${text}`);
  }
  return value;
}

module.exports = { help, parseOptions };
