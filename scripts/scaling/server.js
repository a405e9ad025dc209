'use strict';

// One of the two processes: its connections subscribe to what their path says.

const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const { KINDS } = require('../../__test__/support/brokers');
const { Topics, WebSocketServer } = require('../..');

/** ms between two bundles of messages. */
const STEP = 5;
/** Messages for one topic that may be under way. */
const WINDOW = 64;

const options = JSON.parse(process.argv[2]);
const { bytes, index, oneTopic, rate, seconds } = options;

/** By topic, when each message was published. */
const published = Array.from({ length: options.topics }, () => []);
const subscribing = [];
let acknowledge = () => {};
let before;

main();

async function main() {
  const kind = KINDS.find(({ title }) => title === options.kind);
  const client = await kind.connect(options.port);
  const topics = new Topics({ adapter: client.adapter() });
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  const errors = [];

  topics.on('error', (err) => errors.push(err.code ?? err.message));
  topics.on('reconnect', () => process.send(['reconnect']));
  wss.on('connection', (ws, request) => {
    topics.subscribe(ws, request.url);
    subscribing.push(topics.ready());
    ws.on('message', () => acknowledge());
  });
  await once(wss, 'listening');
  process.send(['port', wss.address().port]);

  process.on('message', async (what) => {
    if (what === 'ready') {
      await Promise.all(subscribing);
      before = process.cpuUsage();
    } else if (what === 'publish') {
      if (oneTopic) await publishInTurn(topics);
      else await publishSteadily(topics);
    }

    const { system, user } = process.cpuUsage(before);
    const cpu = system + user;

    process.send([what, what === 'result' ? { cpu, errors, published } : null]);
  });
}

async function publishSteadily(topics) {
  const start = performance.now();
  let count = 0;

  for (;;) {
    const now = performance.now() - start;
    const due = Math.min(now, seconds * 1000) * (rate / 2 / 1000);

    while (count < due) publish(topics, count++ % options.topics);
    if (now >= seconds * 1000) return;
    await sleep(STEP);
  }
}

/** As fast as the probes of both processes get it. */
async function publishInTurn(topics) {
  const end = performance.now() + seconds * 1000;
  let free = WINDOW;
  let wake;

  acknowledge = () => {
    free++;
    wake?.();
  };
  while (performance.now() < end) {
    while (free > 0) {
      free--;
      publish(topics, 0);
    }
    await new Promise((resolve) => (wake = resolve));
  }
}

function publish(topics, topic) {
  const times = published[topic];

  topics.publish(`/${topic}`, `${index} ${times.length} `.padEnd(bytes, '.'));
  times.push(Date.now());
}
