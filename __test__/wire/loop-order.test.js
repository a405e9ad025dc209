'use strict';

// In what order the two ends of connections that are in one process see them end: as with ws, where
// that is what the kernel and libuv make of it.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const { WebSocket } = require('../support/implementation');
const { until } = require('../support/loop');
const { listen, onlyHere } = require('../support/wires');

/** A busy machine may mix the turns up, as it does those of ws. */
const ATTEMPTS = 10;

const unknownOpcode = Buffer.from('838000000000', 'hex');

const ENDS = [
  {
    name: 'the clients close',
    end: ({ clients }) => clients.forEach((ws) => ws.close(1000)),
    order: ['s1000', 'c1000']
  },
  {
    name: 'the server closes',
    end: ({ peers }) => peers.forEach((ws) => ws.close(1001)),
    order: ['c1001', 's1001']
  },
  {
    name: 'the clients break the protocol',
    end: ({ clients }) =>
      clients.forEach((ws) => ws._socket.write(unknownOpcode)),
    order: ['s1006', 'c1002']
  },
  {
    name: 'the clients reset their connections',
    end: ({ clients }) => clients.forEach((ws) => ws._socket.resetAndDestroy()),
    order: ['s1006', 'c1006'],
    only: 'tcp'
  }
];

/** An order between threads there is none, and that of kqueue is another. */
const skip =
  process.platform !== 'linux' || process.env.WS_RS_IO_THREADS !== undefined;

/** Opens connections, ends them, and gives the order in which the ends see it. */
async function orderOf(wire, count, end) {
  const server = http.createServer();
  const { clientOptions, close, url } = await listen(wire, server);
  const wss = new WebSocket.Server({ server });
  const order = [];
  const clients = [];
  const peers = [];

  for (let i = 0; i < count; i++) {
    const ws = new WebSocket(url, clientOptions);
    const [[peer]] = await Promise.all([
      once(wss, 'connection'),
      once(ws, 'open')
    ]);

    clients.push(ws);
    peers.push(peer);
    peer.on('error', () => {});
    ws.on('close', (code) => order.push(`c${code} ${i}`));
    peer.on('close', (code) => order.push(`s${code} ${i}`));
  }

  // By then both ends are where they stay.
  await new Promise((resolve) => setTimeout(resolve, 10));
  end({ clients, peers });
  await until(() => order.length === 2 * count);
  wss.close();
  server.close();
  await close();
  return order;
}

/** libuv calls for what is closed in one turn from the last to the first. */
function expected([first, second], count) {
  const numbers = Array.from({ length: count }, (_, i) => count - 1 - i);

  return [
    ...numbers.map((i) => `${first} ${i}`),
    ...numbers.map((i) => `${second} ${i}`)
  ];
}

describe('The two ends of connections in one process see their end as with ws', () => {
  for (const wire of onlyHere(['tcp', 'unix'])) {
    for (const count of [1, 3, 9]) {
      for (const { name, end, order, only = wire } of ENDS) {
        if (only !== wire) continue;

        it(
          `when ${name}, over ${wire}, ${count} of them`,
          { skip },
          async () => {
            const wanted = expected(order, count);
            let seen;

            for (let i = 0; i < ATTEMPTS; i++) {
              seen = await orderOf(wire, count, end);
              if (seen.join() === wanted.join()) break;
            }

            assert.deepStrictEqual(seen, wanted);
          }
        );
      }
    }
  }
});
