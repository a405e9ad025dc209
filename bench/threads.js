'use strict';

// What an echoed message costs with and without I/O threads: CPU time of the
// thread that runs JavaScript, that of all threads, and the median round trip.
//
//     node bench/threads.js [--threads 0,1] [--only 100x125,1x32] [--rounds 5]
//       [--seconds 2] [--busy 0.5] [--tls]
//
// A load is connections, bytes and, if not 1, messages in flight; with ':takeover'
// or ':no-takeover' behind it messages are compressed. With 'broadcast:' or
// 'topics:' before it each message goes to all connections, as often as there are
// messages in flight, and costs are those of each receiver.
//
// With --busy JavaScript is busy for that part of the time, in pieces of 10 ms, and
// what is measured is how long a ping waits for its pong, and an echo for JavaScript.
// With --tls messages go over TLS 1.3, of the option `tls`.
//
// CPU times are from /proc (Linux). Server and generator are not kept on one core:
// with threads that would be measured which they are for.

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { setTimeout: delay } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const { buildGenerator, generate } = require('./lib/generator');

const checkout = path.join(__dirname, '..');
const { values } = parseArgs({
  options: {
    busy: { type: 'string', default: '0' },
    checkout: { type: 'string', default: checkout },
    deflate: { type: 'string', default: '' },
    'fan-out': { type: 'string', default: '' },
    only: { type: 'string', default: '100x125,64x32x16,1x32,10x65536' },
    'per-tick': { type: 'string', default: '1' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    serve: { type: 'string' },
    threads: { type: 'string', default: '0,1' },
    tls: { type: 'boolean', default: false }
  }
});

if (values.serve === undefined) main();
else serve(Number(values.serve));

async function main() {
  buildGenerator();

  if (Number(values.busy) > 0) {
    await eachRound(async (threads) => {
      const { ping, echo } = await measureBusy(threads);

      return {
        'ping p50': ping[0],
        p99: ping[1],
        echo: echo[0],
        p99e: echo[1]
      };
    });
    return;
  }

  for (const load of values.only.split(',')) {
    console.log(`\n${load}`);
    await eachRound((threads) => measure(threads, load));
  }
}

/** Rounds of all numbers of threads by turns; prints medians. */
async function eachRound(sample) {
  const samples = new Map();

  for (let round = 0; round < Number(values.rounds); round++) {
    for (const threads of values.threads.split(',')) {
      const list = samples.get(threads) ?? [];

      list.push(await sample(threads));
      samples.set(threads, list);
    }
  }

  for (const [threads, list] of samples) {
    const medians = Object.keys(list[0]).map((name) => {
      const sorted = list.map((one) => one[name]).sort((a, b) => a - b);

      return `${name} ${sorted[sorted.length >> 1].toFixed(2)}`;
    });

    console.log(`ioThreads ${threads.padEnd(3)} ${medians.join('  ')}  (µs)`);
  }
}

/** @return {Promise<Object>} Microseconds of CPU for each message, and of a round trip */
async function measure(threads, load) {
  const [, way = '', name, deflate] =
    /^(?:(broadcast|topics):)?([^:]*)(?::(.*))?$/.exec(load);
  const [connections, size, inFlight = '1'] = name.split('x');
  const { child, port } = await start(threads, '0', { deflate, inFlight, way });

  try {
    const report = await generate(
      [
        ...['--address', `127.0.0.1:${port}`, '--pid', String(child.pid)],
        ...['--connections', connections, '--size', size],
        ...[way === '' ? '--in-flight' : '--fan-out', inFlight],
        ...['--seconds', values.seconds],
        ...(deflate === undefined ? [] : ['--deflate', deflate]),
        ...(values.tls ? ['--tls'] : [])
      ],
      (program, args) => [program, args]
    );

    if (process.env.BENCH_RAW) console.log(report);
    return {
      js: report.cpu_us.server_main,
      all: report.cpu_us.server_all,
      ...(way === '' && { 'round trip': report.latency_us.p50 }),
      'kmsg/s': report.messages_per_second / 1000
    };
  } finally {
    child.kill();
  }
}

/** @return {Promise<Object>} `[p50, p99]` of pings and echoes, in microseconds */
async function measureBusy(threads) {
  const { child, port } = await start(threads, values.busy);
  const client = spawn(
    process.execPath,
    [path.join(__dirname, 'lib/busy-client.js'), String(port), values.seconds],
    { stdio: ['ignore', 'pipe', 'inherit'] }
  );
  let text = '';

  client.stdout.on('data', (data) => (text += data));
  await once(client, 'close');
  child.kill();
  return JSON.parse(text);
}

async function start(
  threads,
  busy,
  { deflate = '', inFlight = '1', way = '' } = {}
) {
  const child = spawn(
    process.execPath,
    [
      __filename,
      '--serve',
      threads,
      '--busy',
      busy,
      '--deflate',
      deflate,
      '--fan-out',
      way,
      '--per-tick',
      inFlight,
      '--checkout',
      values.checkout,
      ...(values.tls ? ['--tls'] : [])
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }
  );
  const [port] = await once(child, 'message');

  return { child, port };
}

function serve(ioThreads) {
  const { Topics, WebSocketServer } = require(
    path.join(values.checkout, 'index.js')
  );
  const options = { host: '127.0.0.1', port: 0, ioThreads };

  if (values.tls) {
    const { selfSigned } = require('../examples/self-signed');

    options.tls = selfSigned();
  }
  if (values.deflate !== '') options.perMessageDeflate = { threshold: 0 };

  const wss = new WebSocketServer(options, () => {
    process.send(wss.address().port);
  });

  const topics = new Topics();
  const ways = {
    broadcast: (data, options) => wss.broadcast(data, options),
    topics: (data, options) => topics.publish('all', data, options)
  };
  const way = ways[values['fan-out']];

  wss.on('connection', (ws) => {
    if (way === ways.topics) topics.subscribe(ws, 'all');
    ws.on('message', (data, binary) => {
      if (way === undefined) {
        ws.send(data, { binary });
        return;
      }

      for (let i = 0; i < values['per-tick']; i++) way(data, { binary });
    });
  });
  process.on('disconnect', () => process.exit());
  if (Number(values.busy) > 0) work(Number(values.busy));
}

/** Keeps JavaScript busy for a part of the time. */
async function work(part) {
  for (;;) {
    const end = performance.now() + 10;

    while (performance.now() < end);
    await delay(10 / part - 10);
  }
}
