'use strict';

// What makes several processes one chat: Redis or NATS, if a variable names one.

const { NatsAdapter, RedisAdapter, Topics } = require('../..');

/**
 * @param {object} env `REDIS_URL`, `NATS_URL` or neither
 * @returns {Promise<{topics: Topics, end: function}>} the topics, and what closes
 *     them
 * @throws {Error} with a text for whoever started the program
 */
async function openTopics({ NATS_URL, REDIS_URL }) {
  if (NATS_URL && REDIS_URL) {
    throw new Error('Set REDIS_URL or NATS_URL, not both.');
  }

  if (REDIS_URL) return overRedis(REDIS_URL);
  if (NATS_URL) return overNats(NATS_URL);

  const topics = new Topics();

  return { end: () => topics.close(), topics };
}

function overRedis(url) {
  const { createClient } = load('redis', 'REDIS_URL');
  let client;

  try {
    client = createClient({ url });
  } catch (error) {
    throw new Error(
      `REDIS_URL must be like redis://127.0.0.1:6379 (${error.message})`
    );
  }

  // The adapter makes connections like this one, which is never opened.
  const adapter = new RedisAdapter(client, { prefix: 'ws-rs-chat:' });
  const topics = listened(new Topics({ adapter }));

  return { end: () => topics.close(), topics };
}

async function overNats(url) {
  const { connect } = load('@nats-io/transport-node', 'NATS_URL');
  let connection;

  try {
    connection = await connect({ maxReconnectAttempts: -1, servers: url });
  } catch (error) {
    throw new Error(
      `NATS_URL must be like nats://127.0.0.1:4222, where a NATS server runs ` +
        `(${error.message})`
    );
  }

  const adapter = new NatsAdapter(connection, { prefix: 'ws-rs-chat.' });
  const topics = listened(new Topics({ adapter }));

  return {
    async end() {
      await topics.close();
      await connection.close();
    },
    topics
  };
}

function listened(topics) {
  topics.on('error', (error) => console.error(error.message));
  topics.on('reconnect', () => console.log('The broker is back.'));
  return topics;
}

function load(name, variable) {
  try {
    return require(name);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(
      `${variable} needs the package ${name}: npm install --no-save ${name}`
    );
  }
}

module.exports = { openTopics };
