'use strict';

// All connections to both processes: each checks what it gets.

const { once } = require('node:events');

const { WebSocket } = require('../..');

const { clients, oneTopic, ports, topics } = JSON.parse(process.argv[2]);

/** Messages that are not there: of which process, topic, and from which to which. */
const gaps = [];
const connections = [];
let disorders = 0;
let received = 0;

main();

async function main() {
  for (const [server, port] of ports.entries()) {
    for (let i = 0; i < clients; i += 100) {
      const some = Array.from({ length: Math.min(100, clients - i) }, (_, j) =>
        open(server, port, (i + j) % topics)
      );

      await Promise.all(some);
    }
  }

  if (oneTopic) acknowledge();
  process.send(['open']);
  process.on('message', (what) => {
    const next = connections.map(({ next, server, topic }) => ({
      next,
      server,
      topic
    }));

    process.send([what, { disorders, gaps, next, received }]);
  });
}

async function open(server, port, topic) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}/${topic}`);
  const connection = { next: [0, 0], server, topic, ws };

  connections.push(connection);
  ws.on('message', (data) => look(connection, data));
  ws.on('close', () => {
    console.error('a connection was closed');
    process.exit(1);
  });
  await once(ws, 'open');
}

function look({ next, server, topic }, data) {
  const [publisher, text] = data.latin1Slice(0, 20).split(' ', 2);
  const number = Number(text);
  const expected = next[publisher];

  received++;
  if (number < expected) {
    disorders++;
    return;
  }
  if (number > expected) {
    gaps.push({
      from: expected,
      publisher: Number(publisher),
      server,
      to: number,
      topic
    });
  }
  next[publisher] = number + 1;
}

/** Tells the first process when a connection of each has got a message. */
function acknowledge() {
  const probes = ports.map((_, i) =>
    connections.find(({ server }) => server === i)
  );
  const counts = [0, 0];
  let told = 0;

  for (const [i, { ws }] of probes.entries()) {
    ws.on('message', () => {
      counts[i]++;
      while (told < Math.min(...counts)) {
        told++;
        probes[0].ws.send('');
      }
    });
  }
}
