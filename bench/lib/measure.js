'use strict';

const { readFileSync } = require('node:fs');
const { setTimeout: delay } = require('node:timers/promises');

const { generate } = require('./generator');
const { Server } = require('./server');

/**
 * This part of the idle connections is open before memory is first looked at:
 * what a server sets up once, for its first connections, is not counted.
 */
const firstPart = 0.2;

/** Connections of one address of the server, of which some 28,000 can be had. */
const portsOfAddress = 20_000;

/** Descriptors a process needs besides those of its connections. */
const spareDescriptors = 100;

/**
 * Takes one sample: a fresh server, one workload.
 *
 * @param {{ name: string }} server
 * @param {Workload} workload
 * @param {Object} plan The options, the sandbox, the certificate
 * @return {Promise<Object>} Numbers by name: `cpuAll`, `cpuMain`, `cpuGenerator`,
 *   (µs per message or connection), and per kind `p50`, `p99` (µs),
 *   `perSecond`, `bytesPerConnection`, `bytesIdle`, `bytesUsed`, `growth`;
 *   `cpuGeneratorUser` is what of
 *   `cpuGenerator` was spent outside the kernel
 * @throws {Error} If server or generator fail
 */
async function measure({ name }, workload, plan) {
  const server = await startServer(name, workload, plan);
  const setting = {
    server,
    workload,
    target: target(server, workload),
    pin: generatorPin(plan),
    plan
  };

  try {
    const takers = {
      accept: measureAccept,
      cycles: measureCycles,
      echo: measureEcho,
      fanout: measureFanOut,
      growth: measureGrowth,
      idle: measureIdle,
      paced: measurePaced
    };
    return await takers[workload.kind](setting);
  } catch (error) {
    throw withComplaint(error, server);
  } finally {
    await server.stop();
  }
}

/** Starts a server as a workload needs it. */
function startServer(name, workload, plan) {
  return Server.start(name, plan.sandbox.pin, {
    baseline: plan.baseline,
    node: plan.node,
    tls: workload.tls && plan.certificate.files,
    deflate: workload.deflate,
    level: workload.level,
    perTick: workload.perTick,
    // Between two addresses there are only so many ports.
    everywhere: workload.connections > portsOfAddress
  });
}

/**
 * @param {number} [host] The last number of its address
 * @return {string[]} Arguments of the load generator that name a server
 */
function target(server, workload, host = 1) {
  const args = ['--address', `127.0.0.${host}:${server.port}`];

  args.push('--pid', String(server.pid));
  if (workload.tls) args.push('--tls');
  return args;
}

/** @return {Function} Makes a command run on the generator's core */
function generatorPin({ sandbox, generatorCore }) {
  return (program, args) => sandbox.pin(program, args, generatorCore);
}

/** @return {Error} `error`, with what the server wrote to standard error */
function withComplaint(error, { complaint }) {
  return complaint ? new Error(`${error.message}; ${complaint}`) : error;
}

/** @return {string[]} Arguments of the load generator for an echo workload */
function echoLoad(workload, { warmUp, seconds }) {
  const { connections, size, inFlight, text, deflate } = workload;
  const args = ['--connections', connections, '--size', size];

  args.push('--in-flight', inFlight);
  args.push('--warm-up', warmUp, '--seconds', seconds);
  if (text) args.push('--text');
  if (deflate) args.push('--deflate', deflate);
  return args.map(String);
}

async function measureEcho({ workload, target, pin, plan }) {
  return echoValues(
    await generate([...target, ...echoLoad(workload, plan)], pin)
  );
}

/**
 * @param {Object} report The load generator's, of an echo run
 * @return {Object} Numbers by name, as `measure` returns them
 */
function echoValues(report) {
  return {
    ...cpu(report),
    p50: report.latency_us.p50,
    p99: report.latency_us.p99,
    perSecond: report.messages_per_second,
    messages: report.messages
  };
}

/**
 * The generator has a core of its own where there is one: it has to be awake when
 * messages are due, and the server is not busy all of the time.
 */
async function measurePaced({ workload, target, plan }) {
  const { connections, size, rate } = workload;
  const { generatorCore, sandbox, seconds, warmUp } = plan;
  const core = generatorCore ?? sandbox.conditions.otherCore;
  const args = ['--connections', connections, '--size', size, '--rate', rate];

  args.push('--warm-up', warmUp, '--seconds', seconds);

  const report = await generate(
    [...target, ...args.map(String)],
    (program, rest) => sandbox.pin(program, rest, core)
  );

  return { ...echoValues(report), p999: report.latency_us.p999 };
}

async function measureFanOut({ workload, target, pin, plan }) {
  const { connections, size, perTick, text, deflate } = workload;
  const { warmUp, seconds } = plan;
  const args = ['--connections', connections, '--size', size];

  args.push('--fan-out', perTick, '--warm-up', warmUp, '--seconds', seconds);
  if (text) args.push('--text');
  if (deflate) args.push('--deflate', deflate);

  const report = await generate([...target, ...args.map(String)], pin);

  return { ...cpu(report), perSecond: report.messages_per_second };
}

async function measureAccept({ workload, target, pin }) {
  const report = await generate(
    [...target, '--accept', String(workload.connections)],
    pin
  );
  return { ...cpu(report), perSecond: report.connections_per_second };
}

async function measureIdle({ server, workload, target, pin }) {
  const all = Math.min(
    workload.connections,
    descriptorLimit() - spareDescriptors
  );
  const first = Math.ceil(all * firstPart);
  const hold = (connections, whileOpen) =>
    generate([...target, '--idle', String(connections)], pin, whileOpen);
  const resident = async () => {
    await delay(workload.rest ?? 300);
    return server.resident();
  };
  let values;

  await hold(first, async () => {
    const before = await resident();
    let after;
    const report = await hold(all - first, async () => {
      after = await resident();
    });
    const bytesPerConnection = (after - before) / (all - first);
    values = { ...cpu(report), bytesPerConnection, connections: all };
  });
  return values;
}

/**
 * Resident memory beyond that of a server that has no connections, at each step.
 * Its first connections are opened and closed before: what a server sets up
 * once is not counted.
 */
async function measureGrowth({ server, workload, pin }) {
  const { steps } = workload;
  const wanted = steps.at(-1) + spareDescriptors;

  if (descriptorLimit() < wanted) {
    throw new Error(`it takes ${wanted} open files (ulimit -n)`);
  }

  const hold = (connections, from, whileOpen) => {
    const host = 1 + Math.floor(from / portsOfAddress);

    return generate(
      [...target(server, workload, host), '--idle', String(connections)],
      pin,
      whileOpen
    );
  };
  const resident = async () => {
    await delay(300);
    return server.resident();
  };
  const values = { connections: steps.at(-1) };

  await hold(Math.min(500, steps[0]), 0, () => {});

  const before = await resident();
  const grow = async (index) => {
    const from = index === 0 ? 0 : steps[index - 1];
    const report = await hold(steps[index] - from, from, async () => {
      values[`resident${steps[index]}`] = (await resident()) - before;
      if (index + 1 < steps.length) await grow(index + 1);
    });

    // Of the last ones, which nothing is new to.
    if (index + 1 === steps.length) Object.assign(values, cpu(report));
  };

  await grow(0);
  return values;
}

/** Memory per connection in the first cycle, and of the process after each. */
async function measureCycles({ server, workload, target, pin }) {
  const { connections, size, messages, cycles, text, deflate } = workload;
  const args = ['--connections', connections, '--size', size];
  const seen = { open: [], used: [], closed: [] };

  args.push('--messages', messages, '--cycles', cycles);
  if (deflate) args.push('--deflate', deflate);
  if (text) args.push('--text');

  const before = await server.resident();

  await generate([...target, ...args.map(String)], pin, async (event) => {
    await delay(workload.rest ?? 300);
    seen[event].push(await server.resident());
  });

  return {
    bytesIdle: (seen.open[0] - before) / connections,
    bytesUsed: (seen.used[0] - before) / connections,
    growth: seen.closed.at(-1) / seen.closed[1],
    connections
  };
}

function cpu({ cpu_us: cpuUs }) {
  if (cpuUs.server_all === null) {
    throw new Error('/proc/<pid>/task/*/schedstat cannot be read');
  }
  return {
    cpuAll: cpuUs.server_all,
    cpuMain: cpuUs.server_main,
    cpuGenerator: cpuUs.generator,
    cpuGeneratorUser: cpuUs.generator_user
  };
}

/** @return {number} Open files that this process and its children may have */
function descriptorLimit() {
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const soft = /^Max open files\s+(\d+)/m.exec(limits);
  return soft ? Number(soft[1]) : Infinity;
}

module.exports = {
  echoLoad,
  echoValues,
  generatorPin,
  measure,
  startServer,
  target,
  withComplaint
};
