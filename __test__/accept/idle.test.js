'use strict';

// What a connection has only while it is busy is made and given back again and again.

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');

const { connected, serveOn } = require('../support/accepted');
const {
  BINARY,
  CONTINUATION,
  frame,
  MASK,
  PING,
  PONG,
  TEXT
} = require('../support/frames');

const masked = (opcode, data, fin = true) =>
  frame(opcode, data, { fin, mask: MASK });

const LONG = Buffer.from(Array.from({ length: 70_000 }, (_, i) => i % 251));

/** What a peer sends, and what comes back. */
const EXCHANGES = [
  [masked(TEXT, 'hello'), frame(TEXT, 'hello')],
  [masked(PING, 'p'), frame(PONG, 'p')],
  [masked(BINARY, ''), frame(BINARY, '')],
  [
    Buffer.concat([masked(TEXT, 'a', false), masked(CONTINUATION, 'bc')]),
    frame(TEXT, 'abc')
  ],
  [
    Buffer.concat([
      masked(BINARY, 'a', false),
      masked(PING, 'q'),
      masked(CONTINUATION, 'b')
    ]),
    Buffer.concat([frame(PONG, 'q'), frame(BINARY, 'ab')])
  ],
  [masked(BINARY, LONG), frame(BINARY, LONG)]
];

/** Cuts bytes in up to so many parts, never at the same places. */
function* cut(bytes, parts, round) {
  let start = 0;

  for (let i = 1; i < parts; i++) {
    const end = Math.min(bytes.length, start + 1 + ((round * 7 + i * 3) % 5));

    yield bytes.subarray(start, end);
    start = end;
  }

  yield bytes.subarray(start);
}

async function receive(socket, length) {
  const chunks = [];

  for (let got = 0; got < length;) {
    const [chunk] = await once(socket, 'data');

    // They come in latin1.
    chunks.push(Buffer.from(chunk, 'latin1'));
    got += chunk.length;
  }

  return Buffer.concat(chunks);
}

describe('a connection that is idle and busy by turns', () => {
  for (const parts of [1, 2, 5]) {
    it(`keeps every byte of frames in ${parts} part(s)`, async (t) => {
      const server = http.createServer();
      const { port, wss } = await serveOn(t, server);

      wss.on('connection', (ws) => {
        ws.on('message', (data, binary) => ws.send(data, { binary }));
      });

      const peers = [];

      for (let i = 0; i < 8; i++) {
        const { socket } = await connected(t, wss, port);

        socket.setNoDelay();
        peers.push(socket);
      }

      for (let round = 0; round < 2 * EXCHANGES.length; round++) {
        await Promise.all(
          peers.map(async (socket, i) => {
            const [sent, expected] = EXCHANGES[(round + i) % EXCHANGES.length];
            const answer = receive(socket, expected.length);

            for (const part of cut(sent, parts, round + i)) {
              socket.write(part);
              if (parts > 1) await sleep(1);
            }

            assert.ok((await answer).equals(expected), `round ${round}`);
          })
        );
        await sleep(2);
      }
    });
  }
});
