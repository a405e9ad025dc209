'use strict';

// Does random things with broadcast(), Topics, send(), back pressure and heartbeats, on
// servers of every kind, and compares what raw peers get, byte for byte, with a model.
// docs/testing.md says what is compared and what the options are.

const path = require('node:path');
const { parseArgs } = require('node:util');
const World = require('./world');

const { values } = parseArgs({
  options: {
    impl: { type: 'string', default: path.join(__dirname, '../..') },
    kind: { type: 'string', multiple: true },
    log: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '5' },
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    threads: { type: 'string' },
    wild: { type: 'boolean', default: false }
  }
});

process.on('uncaughtException', (err) => {
  if (current) current.fault(`uncaught ${err.stack}`);
  else throw err;
});
process.on('unhandledRejection', (err) => {
  if (current) current.fault(`unhandled ${err.stack}`);
});

let current = null;

async function main() {
  const WebSocket = require(path.resolve(values.impl));
  const end = Date.now() + values.minutes * 60_000;
  const first = Number(values.seed);
  let bad = 0;
  let seed = first;
  let events = 0;

  for (; seed < first + Number(values.runs) && Date.now() < end; seed++) {
    const fixed = { wild: values.wild };

    if (values.kind) fixed.kinds = values.kind;
    if (values.threads) fixed.ioThreads = Number(values.threads);

    const world = (current = new World(seed, WebSocket, fixed));

    await world.open();
    await world.play();
    await world.finish();
    events += world.connections.reduce((sum, one) => sum + one.at, 0);

    if (world.faults.length > 0) {
      bad++;
      console.log(`seed ${seed}: ${JSON.stringify(world.config)}`);
      for (const text of world.faults.slice(0, 4)) {
        console.log(`  ${text.slice(0, 600)}`);
      }
      if (values.log) console.log(world.log.join('\n'));
      for (const one of world.connections) {
        one.peer.socket.destroy();
        one.ws.terminate();
      }
    }
  }

  console.log(
    `${seed - first} runs, ${bad} with faults, ${events} messages and pings`
  );
  process.exit(bad > 0 ? 1 : 0);
}

main();
