'use strict';

const { Broker, requireClient } = require('./brokers');
const { PATIENCE } = require('./patience');
const { Topics } = require('../../index');

/**
 * A real broker, and the topics of two sides that know each other by it only, as
 * those of two processes do. All is gone after the test.
 *
 * @param {TestContext} t The test
 * @param {Object} kind One of `KINDS`
 * @param {Object} [options] Of the Topics, beside the adapter
 * @return {Promise<Object>} The `broker`, and `sides`, each with its `topics`,
 *     their `errors`, how many `reconnects` there were, and what `connect()` gave
 */
async function openSides(t, kind, options) {
  const broker = await new Broker(kind.server).start();
  const sides = [];

  t.after(async () => {
    // Brokers first: nobody waits for answers then.
    await broker.end();
    for (const side of sides) await side.end();
  });
  for (let i = 0; i < 2; i++) sides.push(await openSide(broker, kind, options));
  return { broker, sides };
}

async function openSide({ port }, kind, { keyPrefix, ...options } = {}) {
  const client = await kind.connect(port, keyPrefix);
  const topics = new Topics({ adapter: client.adapter(), ...options });
  const side = {
    ...client,
    errors: [],
    reconnects: 0,
    topics,
    async end() {
      await topics.close();
      await client.end();
    }
  };

  topics.on('error', (err) => side.errors.push(err));
  topics.on('reconnect', () => side.reconnects++);
  return side;
}

/** How many subscribe to a name at the broker; of NATS, whether anybody does. */
async function subscribers(kind, broker, side, topic) {
  if (kind.server === 'redis-server') {
    const client = requireClient('redis').createClient({
      socket: { host: '127.0.0.1', port: broker.port }
    });

    await client.connect();

    const name = kind.sharded ? 'SHARDNUMSUB' : 'NUMSUB';
    const reply = await client.sendCommand(['PUBSUB', name, `ws-rs:${topic}`]);

    client.destroy();
    return Number(reply[1]);
  }

  // Who is asked answers, or the server says that there is nobody.
  const { client } = side;
  const asked = await client
    .request(`ws-rs.${topic}`, new Uint8Array(0), { timeout: 100 })
    .catch((err) => err);

  return asked.isNoResponders?.() || /no responders/i.test(asked.message)
    ? 0
    : 1;
}

/**
 * Waits until so many processes subscribe to a topic: a broker may hear of it
 * later than who asks it.
 *
 * @return {Promise<Number>} How many there are, should it not come about
 */
async function subscribersAre(expected, ...which) {
  const deadline = Date.now() + PATIENCE;

  for (;;) {
    const count = await subscribers(...which);

    if (count === expected || Date.now() > deadline) return count;
  }
}

/**
 * Listens to a topic.
 *
 * @return {Object} `heard`, all that came, text as strings; and `until(text)`,
 *     resolved when that has come, rejected when it does not
 */
function hear(topics, name) {
  const heard = [];
  const waiting = new Map();
  const stop = topics.listen(name, (data, isBinary) => {
    const message = isBinary ? data : data.toString();

    heard.push(message);
    waiting.get(message)?.();
  });

  return {
    heard,
    stop,
    async until(message) {
      if (heard.includes(message)) return;
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          const last = `the last of ${heard.length} was ${heard.at(-1)}`;

          reject(new Error(`${name}: waited in vain for ${message}, ${last}`));
        }, PATIENCE);

        waiting.set(message, () => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  };
}

module.exports = { hear, openSide, openSides, subscribersAre };
