'use strict';

const { parseArgs } = require('node:util');

const { serverKind, servers } = require('./servers');
const { selectWorkloads, workloads } = require('./workloads');

const defaultServers = 'ws,ws:bufferutil,uws,ws-rs';

/** @return {string} What `--help` prints */
function help() {
  const width = Math.max(...workloads.map(({ name }) => name.length));
  const list = workloads.map(
    ({ name, title, extra }) =>
      `  ${name.padEnd(width)}  ${title}${extra ? ' (only when named)' : ''}`
  );

  return `npm run bench -- [options]

  --servers A,B      of ${servers.map((server) => server.name).join(', ')}
                     (default ${defaultServers})
  --transport T,U    adds ws-rs:T and ws-rs:U to the servers
  --only A,B         only these workloads or groups of them
  --rounds N         alternating rounds; at least 3 to be published (default 3)
  --warm-up SECONDS  not measured (default 1)
  --seconds SECONDS  measured, per sample (default 2)
  --quick            one round of 0.5 s samples, for a first look
  --core N           the core that server and generator share (default the last)
  --generator-core N gives the generator a core of its own: throughput of the
                     server alone, less exact CPU times
  --output DIR       where bench.json, bench.svg and the table in performance.md
                     are written (default docs, for complete runs only)

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
      core: { type: 'string' },
      'generator-core': { type: 'string' },
      help: { type: 'boolean' },
      only: { type: 'string' },
      output: { type: 'string' },
      quick: { type: 'boolean' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      servers: { type: 'string', default: defaultServers },
      transport: { type: 'string' },
      'warm-up': { type: 'string' }
    }
  });
  const { quick, only } = values;
  const workloads = selectWorkloads(only?.split(','));
  const rounds = integer('rounds', values.rounds ?? (quick ? '1' : '3'), 1);

  return {
    core: core('core', values.core),
    generatorCore: core('generator-core', values['generator-core']),
    help: values.help === true,
    isComplete: !quick && (!only || isAllDeflate(workloads)) && rounds >= 3,
    output: values.output ?? null,
    rounds,
    seconds: positive('seconds', values.seconds ?? (quick ? '0.5' : '2')),
    servers: serverNames(values.servers, values.transport),
    warmUp: positive('warm-up', values['warm-up'] ?? (quick ? '0.3' : '1')),
    workloads
  };
}

/** Whether these are what docs/performance.md shows of compression. */
function isAllDeflate(workloads) {
  const all = selectWorkloads(['deflate', 'deflate-memory']);

  return (
    workloads.length === all.length && workloads.every((w) => all.includes(w))
  );
}

function serverNames(list, transport) {
  const extra = transport ? transport.split(',').map((t) => `ws-rs:${t}`) : [];
  const names = [...new Set([...list.split(','), ...extra])];
  return names.map((name) => serverKind(name).name);
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
