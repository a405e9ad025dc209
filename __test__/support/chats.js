'use strict';

/** Processes of examples/chat that are one chat, over a real broker. */

const path = require('node:path');

const { run } = require('../browser/program');
const { Broker, FOLDER, KINDS } = require('./brokers');

/** The brokers that the chat can have. */
const CHATS = KINDS.filter(({ title }) =>
  ['NATS', 'Redis by redis'].includes(title)
).map(({ server, skip }) => ({
  server,
  skip,
  variable: server === 'redis-server' ? 'REDIS_URL' : 'NATS_URL'
}));

/** Starts a broker; `chat(env)` starts a process with it. */
async function openBroker({ server, variable }) {
  const broker = await new Broker(server).start();
  const chats = [];

  return {
    broker,
    /** Starts a process, and waits until it serves. */
    async chat(env) {
      const protocol = variable === 'REDIS_URL' ? 'redis' : 'nats';
      const chat = run('examples/chat/server.js', {
        env: {
          NODE_PATH: path.join(FOLDER, 'node_modules'),
          [variable]: `${protocol}://127.0.0.1:${broker.port}`,
          ...env
        }
      });

      chats.push(chat);
      chat.address = await chat.url();
      return chat;
    },
    async end() {
      await Promise.all(chats.map((chat) => chat.stop('SIGKILL')));
      await broker.end();
    }
  };
}

module.exports = { CHATS, openBroker };
