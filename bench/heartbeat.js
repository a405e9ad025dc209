'use strict';

// What the heartbeats of idle connections cost a server, for each ping and its
// pong: of ws-rs, also on an I/O thread, of a loop that ws is usually given, and of a program that does
// nothing but to write pings and read pongs.
//
//     node bench/heartbeat.js [--connections 10000] [--interval 1] [--rounds 5]
//       [--seconds 4]
//
// Times are in seconds. Server and client share a core, so that neither runs while
// the other's CPU time is read (Linux).

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const readline = require('node:readline');
const { parseArgs } = require('node:util');

const { buildGenerator, generate } = require('./lib/generator');

const program = path.join(__dirname, 'loadgen/target/release', 'ws-rs-loadgen');

const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '10000' },
    core: { type: 'string', default: '0' },
    interval: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    serve: { type: 'string' }
  }
});
const { connections, core, interval, rounds, seconds } = values;

/** How each server is started. */
const servers = {
  raw: [program, ['--ping', connections, '--interval', interval]],
  'ws-rs': own('ws-rs'),
  'ws-rs threads': own('ws-rs threads'),
  'ws-rs by hand': own('ws-rs by hand'),
  ws: own('ws')
};

if (values.serve === undefined) main();
else serve(values.serve);

async function main() {
  buildGenerator();

  const samples = {};

  for (let round = 1; round <= Number(rounds); round++) {
    for (const name of Object.keys(servers)) {
      const { cpu_us: cpu, pings } = await measure(...servers[name]);

      (samples[name] ??= []).push(cpu.server_all);
      console.log(
        `round ${round}  ${name.padEnd(14)} ${cpu.server_all.toFixed(2)} µs ` +
          `of CPU a ping (${pings} pings)`
      );
    }
  }

  const raw = median(samples.raw);

  console.log(`\nMedians, ${connections} connections, each ${interval} s:`);
  for (const [name, list] of Object.entries(samples)) {
    const cost = median(list);

    console.log(
      `${name.padEnd(14)} ${cost.toFixed(2)} µs, ` +
        `${(cost / raw).toFixed(2)} of raw`
    );
  }
}

async function measure(command, args) {
  const server = spawn('taskset', ['-c', core, command, ...args], {
    stdio: ['ignore', 'pipe', 'inherit']
  });

  try {
    const lines = readline.createInterface({ input: server.stdout });
    const { port } = JSON.parse((await once(lines, 'line'))[0]);

    return await generate(
      [
        ...['--address', `127.0.0.1:${port}`, '--pid', String(server.pid)],
        ...['--answer', connections, '--seconds', seconds],
        ...['--warm-up', String(3 * Number(interval))]
      ],
      (file, list) => ['taskset', ['-c', core, file, ...list]]
    );
  } finally {
    server.kill('SIGKILL');
    await once(server, 'exit');
  }
}

function own(name) {
  return [
    process.execPath,
    [__filename, '--serve', name, '--interval', interval]
  ];
}

function serve(name) {
  const ms = 1000 * Number(interval);
  const { WebSocketServer } = require(name === 'ws' ? 'ws' : '..');
  const isByHand = name.startsWith('ws-rs by') || name === 'ws';
  const heartbeat = isByHand ? null : { interval: ms, timeout: 4 * ms };
  const wss = new WebSocketServer({
    heartbeat,
    host: '127.0.0.1',
    ioThreads: name === 'ws-rs threads' ? 1 : 0,
    port: 0
  });

  if (heartbeat === null) pingByHand(wss, ms);
  wss.on('listening', () => {
    console.log(JSON.stringify({ port: wss.address().port }));
  });
}

/** As programs do it, but for the end of those that are late. */
function pingByHand(wss, ms) {
  const alive = new WeakSet();

  wss.on('connection', (ws) => {
    alive.add(ws);
    ws.on('pong', () => alive.add(ws));
  });
  setInterval(() => {
    for (const ws of wss.clients) {
      alive.delete(ws);
      ws.ping();
    }
  }, ms);
}

function median(list) {
  return list.toSorted((a, b) => a - b)[list.length >> 1];
}
