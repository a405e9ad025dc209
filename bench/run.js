'use strict';

// `npm run bench`: what a message, an idle connection and an accepted
// connection cost in ws, uWebSockets.js and ws-rs, or in ws-rs and that of another
// checkout. docs/performance.md explains the method; `npm run bench -- --help` lists the options.

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const { createCertificate } = require('./lib/certificate');
const { buildGenerator } = require('./lib/generator');
const { measure } = require('./lib/measure');
const { help, parseOptions } = require('./lib/options');
const { buildWsRs, installPeers, usableServers } = require('./lib/peers');
const { publish } = require('./lib/publish');
const { ratios } = require('./lib/ratios');
const { enterSandbox } = require('./lib/sandbox');
const { serverKind } = require('./lib/servers');
const { measureInSlices, sliceSeconds } = require('./lib/slices');
const { summarize } = require('./lib/summary');
const { terminalReport } = require('./lib/terminal');

const docs = path.join(__dirname, '..', 'docs');

main().catch((error) => {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
});

/** Reads the options, prepares, measures, reports. */
async function main() {
  const options = parseOptions(process.argv.slice(2));

  if (options.help) {
    console.log(help());
    return;
  }
  if (process.platform !== 'linux') {
    throw new Error(
      'the benchmark takes CPU times from /proc and needs Linux; run it there'
    );
  }

  const node = nodeVersion(options.node);
  const sandbox = await enterSandbox(options.core, () => {
    installPeers(options.servers);
    buildGenerator();
    buildWsRs(options.servers, options.baseline);
  });

  if (sandbox === null) return; // The run took place in a child process.

  sandbox.conditions.machine.node = node;

  const certificate = createCertificate();

  // The certificate goes on Ctrl-C, too; servers and generator end by themselves
  // when this process does.
  process.on('exit', certificate.remove);
  process.on('SIGINT', () => process.exit(130));

  const usable = await usableServers(options.servers, { ...options, sandbox });
  const plan = { ...options, certificate, sandbox, ...usable };

  if (options.baseline) assertPairs(options.servers, usable);
  const run = await measureAll(plan);

  console.log(`\n${terminalReport(run)}`);
  finish(run, options);
}

/** @return {string} The version of the Node that runs the servers */
function nodeVersion(node) {
  if (node === null) return process.versions.node;
  try {
    const args = ['-p', 'process.versions.node'];
    return execFileSync(node, args, { encoding: 'utf8' }).trim();
  } catch (error) {
    throw new Error(`--node ${node} cannot be run (${error.message})`);
  }
}

/** There is nothing to compare where ws-rs or a baseline is missing. */
function assertPairs(wanted, { servers, notes }) {
  const missing = wanted.find(
    (name) => !serverKind(name).package && !servers.some((s) => s.name === name)
  );

  if (missing) throw new Error(notes.find((n) => n.startsWith(`${missing} `)));
}

/**
 * Measures every workload on every server in each round: A B C, A B C, ...
 * Rounds are outermost, so that a slow minute of the machine falls on all
 * servers and on one round only. With a baseline the order is reversed from
 * round to round, and echoes are measured in slices.
 *
 * @param {Object} plan The options, the sandbox, the certificate, the servers
 * @return {Promise<Object>} The summary, as in docs/bench.json
 */
async function measureAll(plan) {
  const { baseline, rounds, sandbox, servers } = plan;
  const notes = [...plan.notes];
  const samples = [];
  const workloads = plan.workloads.filter((workload) => {
    if (!workload.tls || plan.certificate.files) return true;
    notes.push(`${workload.name} was left out: ${plan.certificate.problem}`);
    return false;
  });

  for (let round = 1; round <= rounds; round++) {
    const back = baseline && round % 2 === 0;
    const order = back ? servers.toReversed() : servers;

    for (const workload of workloads) {
      const take =
        baseline && workload.kind === 'echo' ? sampleTogether : sampleEach;

      for await (const sample of take(order, workload, plan, round)) {
        samples.push(sample);
        console.log(progress(sample, rounds));
      }
    }
  }

  const { generatorCore, seconds, warmUp } = plan;
  const conditions = { ...sandbox.conditions, generatorCore, seconds, warmUp };
  const run = { workloads, servers, samples, conditions, notes, rounds };

  if (!baseline) return summarize(run);
  conditions.slice = sliceSeconds;
  const summary = summarize(run);
  return { ...summary, ratios: ratios(summary) };
}

/** Takes one sample after the other. */
async function* sampleEach(servers, workload, plan, round) {
  for (const server of servers) {
    const sample = { round, workload: workload.name, server: server.name };

    try {
      sample.values = await measure(server, workload, plan);
    } catch (error) {
      sample.error = error.message;
    }
    yield sample;
  }
}

/** Takes all samples of a round at once; if one fails, so do all. */
async function* sampleTogether(servers, workload, plan, round) {
  const sample = { round, workload: workload.name };

  try {
    const values = await measureInSlices(servers, workload, plan);
    yield* servers.map(({ name }, index) => ({
      ...sample,
      server: name,
      values: values[index]
    }));
  } catch ({ message: error }) {
    yield* servers.map(({ name }) => ({ ...sample, server: name, error }));
  }
}

/**
 * @param {{ round: number, workload: string, server: string, values?: Object,
 *   error?: string }} sample
 * @param {number} rounds
 * @return {string} One line about a sample
 */
function progress({ round, workload, server, values, error }, rounds) {
  const what = `${workload.padEnd(26)} ${server.padEnd(14)}`;
  const figure = (value, unit) => `${value.toFixed(2).padStart(9)} ${unit}`;

  if (error) return `round ${round}/${rounds}  ${what} failed: ${error}`;

  const seen =
    values.cpuAll === undefined
      ? figure(values.bytesUsed / 1024, 'KiB resident')
      : figure(values.cpuAll, 'µs CPU');
  return `round ${round}/${rounds}  ${what} ${seen}`;
}

/**
 * Writes the results down if they are complete or were asked for.
 *
 * @param {Object} run The summary
 * @param {Object} options
 */
function finish(run, { output, isComplete, servers }) {
  // uWebSockets.js has binaries for some versions of Node only; the published
  // results can do without it, but not without ws or ws-rs.
  const missing = servers.filter(
    (name) => name !== 'uws' && !run.servers.some((s) => s.name === name)
  );

  if (run.results.some((result) => result.error)) {
    process.exitCode = 1;
    console.log('\nSome measurements failed: nothing was written.');
  } else if (output) {
    write(run, output);
  } else if (!isComplete) {
    console.log(
      '\nA partial or quick run: nothing was written (--output DIR).'
    );
  } else if (missing.length > 0) {
    process.exitCode = 1;
    console.log(`\nWithout ${missing.join(' and ')}: nothing was written.`);
  } else {
    write(run, docs);
  }
}

function write(run, folder) {
  console.log(`\nWritten: ${publish(run, folder).join(', ')}`);
}
