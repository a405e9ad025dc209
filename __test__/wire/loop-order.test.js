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

const [major, minor] = process.versions.uv.split('.').map(Number);
/** Whether libuv always meets the end of a stream in a turn of its own. */
const meetsEndsApart = major > 1 || minor >= 52;

/** Of each connection one end, in turn. */
const alternating = (ends, others) =>
  ends.map((ws, i) => (i % 2 === 0 ? ws : others[i]));

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
    order: meetsEndsApart ? ['c1002', 's1006'] : ['s1006', 'c1002']
  },
  {
    name: 'both close, the clients first',
    end({ clients, peers }) {
      clients.forEach((ws) => ws.close(1000));
      peers.forEach((ws) => ws.close(1001));
    },
    order: ['c1001', 's1000']
  },
  {
    name: 'every other end closes',
    end: ({ clients, peers }) =>
      alternating(peers, clients).forEach((ws) => ws.close()),
    order: [
      ['c1005', 's1005'],
      ['s1005', 'c1005']
    ]
  },
  {
    name: 'every other end is terminated',
    end: ({ clients, peers }) =>
      alternating(peers, clients).forEach((ws) => ws.terminate()),
    order: [
      ['c1006', 's1006'],
      ['s1006', 'c1006']
    ]
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

/** Opens connections one after the other, and says how to close all there is. */
async function openPairs(wire, count, onOpen = () => {}) {
  const server = http.createServer();
  const { clientOptions, close, url } = await listen(wire, server);
  const wss = new WebSocket.Server({ server });
  const clients = [];
  const peers = [];

  for (let i = 0; i < count; i++) {
    const ws = new WebSocket(url, clientOptions);
    const [[peer]] = await Promise.all([
      once(wss, 'connection'),
      once(ws, 'open')
    ]);

    onOpen(ws, peer);
    clients.push(ws);
    peers.push(peer);
  }

  // By then both ends are where they stay.
  await new Promise((resolve) => setTimeout(resolve, 10));
  return {
    clients,
    async close() {
      for (const ws of clients) ws.terminate();
      wss.close();
      server.close();
      await close();
    },
    peers
  };
}

/** Opens connections, ends them, and gives the order in which the ends see it. */
async function orderOf(wire, count, end) {
  const { clients, close, peers } = await openPairs(wire, count);
  const order = [];

  for (let i = 0; i < count; i++) {
    peers[i].on('error', () => {});
    clients[i].on('close', (code) => order.push(`c${code} ${i}`));
    peers[i].on('close', (code) => order.push(`s${code} ${i}`));
  }
  end({ clients, peers });
  await until(() => order.length === 2 * count);
  await close();
  return order;
}

/** The order in which clients are answered that send two messages each at once. */
async function answersOf(wire, count) {
  const { clients, close, peers } = await openPairs(wire, count);
  const order = [];

  for (let i = 0; i < count; i++) {
    peers[i].on('message', (data) => peers[i].send(data));
    clients[i].on('message', (data) => order.push(`${i} ${data}`));
  }
  for (const ws of clients) {
    ws.send('a');
    ws.send('b');
  }
  await until(() => order.length === 2 * count);
  await close();
  return order;
}

/**
 * libuv calls for what is closed in one turn from the last to the first: `order` is
 * that of the ends of each connection, or of the even and odd ones.
 */
function expected(order, count) {
  const numbers = Array.from({ length: count }, (_, i) => count - 1 - i);
  const orders = Array.isArray(order[0]) ? order : [order, order];

  return [0, 1].flatMap((end) =>
    numbers.map((i) => `${orders[i % 2][end]} ${i}`)
  );
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

describe('Clients in the process of their server', () => {
  for (const wire of onlyHere(['tcp', 'unix'])) {
    it(
      `hear what is sent as they open before it hears them, over ${wire}`,
      { skip },
      async () => {
        const wanted = ['c first', 's second'];
        let seen;

        for (let i = 0; i < ATTEMPTS; i++) {
          const order = [];
          const { close } = await openPairs(wire, 1, (client, peer) => {
            client.on('message', (data) => order.push(`c ${data}`));
            peer.on('message', (data) => order.push(`s ${data}`));
            peer.send('first');
            client.send('second');
          });

          await until(() => order.length === 2);
          await close();
          seen = order;
          if (seen.join() === wanted.join()) break;
        }

        assert.deepStrictEqual(seen, wanted);
      }
    );

    for (const count of [1, 3, 5, 10]) {
      it(
        `are answered in the order of their messages, ${count} of them over ${wire}`,
        { skip },
        async () => {
          const wanted = Array.from({ length: count }, (_, i) => [
            `${i} a`,
            `${i} b`
          ]).flat();
          let seen;

          for (let i = 0; i < ATTEMPTS; i++) {
            seen = await answersOf(wire, count);
            if (seen.join() === wanted.join()) break;
          }

          assert.deepStrictEqual(seen, wanted);
        }
      );
    }
  }
});
