'use strict';

// `npm run bench`: what a message, an idle connection and an accepted
// connection cost in ws, uWebSockets.js and ws-rs. docs/performance.md explains
// the method; `npm run bench -- --help` lists the options.

const path = require('node:path');

const { createCertificate } = require('./lib/certificate');
const { buildGenerator } = require('./lib/generator');
const { measure } = require('./lib/measure');
const { help, parseOptions } = require('./lib/options');
const { buildWsRs, installPeers, usableServers } = require('./lib/peers');
const { publish } = require('./lib/publish');
const { enterSandbox } = require('./lib/sandbox');
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

  const sandbox = await enterSandbox(options.core, () => {
    installPeers();
    buildGenerator();
    buildWsRs(options.servers);
  });

  if (sandbox === null) return; // The run took place in a child process.

  const certificate = createCertificate();

  // The certificate goes on Ctrl-C, too; servers and generator end by themselves
  // when this process does.
  process.on('exit', certificate.remove);
  process.on('SIGINT', () => process.exit(130));

  const { servers, notes } = await usableServers(options.servers, sandbox);
  const plan = { ...options, certificate, sandbox, servers, notes };
  const run = await measureAll(plan);

  console.log(`\n${terminalReport(run)}`);
  finish(run, options);
}

/**
 * Measures every workload on every server in each round: A B C, A B C, ...
 * Rounds are outermost, so that a slow minute of the machine falls on all
 * servers and on one round only.
 *
 * @param {Object} plan The options, the sandbox, the certificate, the servers
 * @return {Promise<Object>} The summary, as in docs/bench.json
 */
async function measureAll(plan) {
  const { rounds, sandbox, servers } = plan;
  const notes = [...plan.notes];
  const samples = [];
  const workloads = plan.workloads.filter((workload) => {
    if (!workload.tls || plan.certificate.files) return true;
    notes.push(`${workload.name} was left out: ${plan.certificate.problem}`);
    return false;
  });

  for (let round = 1; round <= rounds; round++) {
    for (const workload of workloads) {
      for (const server of servers) {
        const sample = { round, workload: workload.name, server: server.name };

        try {
          sample.values = await measure(server, workload, plan);
        } catch (error) {
          sample.error = error.message;
        }
        samples.push(sample);
        console.log(progress(sample, rounds));
      }
    }
  }

  const { generatorCore, seconds, warmUp } = plan;
  const conditions = { ...sandbox.conditions, generatorCore, seconds, warmUp };

  return summarize({ workloads, servers, samples, conditions, notes, rounds });
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
