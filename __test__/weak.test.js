'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('./support/programs');

/* global once -- what programs.js begins programs with */

const NAMES = ['FinalizationRegistry', 'WeakRef'];

/** Takes globals away, and exchanges messages with compression, TLS and `Topics`. */
async function exchange({ names, when }) {
  const { selfSigned } = require('./examples/self-signed');
  const remove = () => names.forEach((name) => delete globalThis[name]);
  let Package = WebSocket;

  if (when === 'before') {
    const file = require.resolve(
      require('node:path').resolve(process.env.WS_RS_TEST_IMPLEMENTATION || '.')
    );

    for (const key of Object.keys(require.cache)) {
      if (!key.endsWith('.node')) delete require.cache[key];
    }
    remove();
    Package = require(file);
  } else {
    remove();
  }

  const got = [];

  for (const options of [{}, { tls: selfSigned() }]) {
    const wss = new Package.WebSocketServer({
      host: '127.0.0.1',
      perMessageDeflate: { threshold: 0 },
      port: 0,
      ...options
    });

    await once(wss, 'listening');

    const topics = new Package.Topics();
    const client = new Package(
      `${options.tls ? 'wss' : 'ws'}://127.0.0.1:${wss.address().port}`,
      { rejectUnauthorized: false }
    );
    const [[peer]] = await Promise.all([
      once(wss, 'connection'),
      once(client, 'open')
    ]);

    // Makes the receiver.
    void client._receiver;
    topics.subscribe(peer, 'topic');
    topics.publish('topic', 'x'.repeat(1000));
    got.push((await once(client, 'message'))[0].length);
    peer.close();
    await once(client, 'close');
    wss.close();
    await once(wss, 'close');
  }

  console.log(JSON.stringify(got));
  process.exit();
}

describe('a process without WeakRef and FinalizationRegistry', () => {
  for (const when of ['before', 'after']) {
    for (const names of [...NAMES.map((name) => [name]), NAMES]) {
      it(`is served as others (${names}, ${when} the package is loaded)`, async () => {
        const argument = { names, when };

        assert.deepStrictEqual(
          await evaluate(exchange, { argument }),
          [1000, 1000]
        );
      });
    }
  }
});
