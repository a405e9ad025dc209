'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/** Runs as a program, so that something can be done to Node before. */
async function receive({ length }) {
  const wss = await serve();
  const client = new WebSocket(wss.url);
  const [peer] = await once(wss, 'connection');
  const received = [];

  peer.on('message', (data) => received.push(data.length));
  await once(client, 'open');
  // By now on the transport that it stays on.
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  client.send('a');
  client.send('a'.repeat(length));
  client.close();
  await once(peer, 'close');
  console.log(JSON.stringify({ received, seen: globalThis.seen }));
  process.exit();
}

/** Flags that have Node run a module before the program. */
function before(source) {
  return [`--import=data:text/javascript,${encodeURIComponent(source)}`];
}

const PARAMETERS = ['...args', 'type, ...args'];

const emitOf = (parameters) => `
  import EventEmitter from 'node:events';

  const { emit: own } = EventEmitter.prototype;

  globalThis.seen = [];
  EventEmitter.prototype.emit = function emit(${parameters}) {
    if (arguments[0] === 'message' && this.send) {
      globalThis.seen.push(arguments[1].length);
    }
    return own.apply(this, arguments);
  };
`;

/** Runs as a program: a listener throws within a domain. */
async function throwInDomain() {
  const wss = await serve();
  const client = new WebSocket(wss.url);
  const [peer] = await once(wss, 'connection');
  const scope = require('domain').create();

  await once(client, 'open');
  scope.add(peer);
  scope.on('error', (err) => {
    console.log(JSON.stringify({ caught: err.message }));
    process.exit();
  });
  process.on('uncaughtException', (err) => {
    console.log(JSON.stringify({ uncaught: err.message }));
    process.exit();
  });
  peer.on('message', () => {
    throw new Error('from a listener');
  });
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  client.send('a');
}

describe("An emit() put in the place of Node's", () => {
  for (const parameters of PARAMETERS) {
    it(`before the package is loaded gets every message (${parameters})`, async () => {
      const { received, seen } = await evaluate(receive, {
        argument: { length: 100_000 },
        flags: before(emitOf(parameters))
      });

      assert.deepStrictEqual(received, [1, 100_000]);
      // Those of the server's end; its client gets none.
      assert.deepStrictEqual(seen, [1, 100_000]);
    });
  }

  it('by domain, before the package is loaded, has its domain catch', async () => {
    assert.deepStrictEqual(
      await evaluate(throwInDomain, {
        flags: ['--require=domain']
      }),
      { caught: 'from a listener' }
    );
  });

  it('by domain, after the package is loaded, has its domain catch', async () => {
    assert.deepStrictEqual(await evaluate(throwInDomain), {
      caught: 'from a listener'
    });
  });
});
