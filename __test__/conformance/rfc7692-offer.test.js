'use strict';

// RFC 7692, sections 5 and 7.1, as a client: what is offered, and which answers
// are taken.

const assert = require('node:assert');
const { once } = require('node:events');
const net = require('node:net');
const { describe, it } = require('node:test');

const WebSocket = require('../../index');
const { HOST, readHead, upgradeResponse } = require('../support/conversation');

const PMD = 'permessage-deflate';

/** Options of the client -> its offer; `null` is no header. */
const OFFERS = [
  [undefined, `${PMD}; client_max_window_bits`],
  [true, `${PMD}; client_max_window_bits`],
  [{}, `${PMD}; client_max_window_bits`],
  [false, null],
  [{ clientMaxWindowBits: true }, `${PMD}; client_max_window_bits`],
  [{ clientMaxWindowBits: false }, PMD],
  [{ clientMaxWindowBits: 8 }, `${PMD}; client_max_window_bits=8`],
  [{ clientMaxWindowBits: 15 }, `${PMD}; client_max_window_bits=15`],
  [
    { serverMaxWindowBits: 8 },
    `${PMD}; server_max_window_bits=8; client_max_window_bits`
  ],
  [
    { clientMaxWindowBits: false, serverNoContextTakeover: true },
    `${PMD}; server_no_context_takeover`
  ],
  [
    { clientMaxWindowBits: false, clientNoContextTakeover: true },
    `${PMD}; client_no_context_takeover`
  ],
  [
    {
      clientMaxWindowBits: 9,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      serverNoContextTakeover: true
    },
    `${PMD}; server_no_context_takeover; client_no_context_takeover; ` +
      'server_max_window_bits=10; client_max_window_bits=9'
  ]
];

const NOT_REQUESTED =
  'Server sent a Sec-WebSocket-Extensions header but no extension was requested';
const NOT_INDICATED = 'Server indicated an extension that was not requested';
const INVALID = 'Invalid Sec-WebSocket-Extensions header';

/** Options of the client -> rows of an answer and the error; `null` is none. */
const ANSWERS = [
  [
    true,
    [
      [null, null],
      [PMD, null],
      [`${PMD}; server_no_context_takeover; client_no_context_takeover`, null],
      [`${PMD}; client_max_window_bits=8; server_max_window_bits=8`, null],
      [`${PMD}; client_max_window_bits=15; server_max_window_bits=15`, null],
      // A client may be sent no parameter without its value, nor a wrong one.
      [`${PMD}; client_max_window_bits`, INVALID],
      [`${PMD}; server_max_window_bits`, INVALID],
      [`${PMD}; client_max_window_bits=7`, INVALID],
      [`${PMD}; client_max_window_bits=16`, INVALID],
      [`${PMD}; server_max_window_bits=16`, INVALID],
      [`${PMD}; server_no_context_takeover=1`, INVALID],
      [`${PMD}; unknown`, INVALID],
      [`${PMD}; server_max_window_bits=9; server_max_window_bits=9`, INVALID],
      [`${PMD};`, INVALID],
      [`${PMD}, x-other`, NOT_INDICATED],
      ['x-webkit-deflate-frame', NOT_INDICATED]
    ]
  ],
  [
    false,
    [
      [null, null],
      [PMD, NOT_REQUESTED]
    ]
  ],
  [
    { clientMaxWindowBits: false },
    [
      [PMD, null],
      [`${PMD}; client_max_window_bits=10`, INVALID]
    ]
  ],
  [
    { clientMaxWindowBits: 10 },
    [
      [PMD, null],
      [`${PMD}; client_max_window_bits=9`, null],
      [`${PMD}; client_max_window_bits=10`, null],
      [`${PMD}; client_max_window_bits=11`, INVALID]
    ]
  ],
  [
    { clientNoContextTakeover: false },
    [
      [PMD, null],
      [`${PMD}; client_no_context_takeover`, INVALID]
    ]
  ]
];

/** Starts a server that answers every request with an extension header. */
async function startServer(t) {
  const heads = [];
  const sockets = [];
  const server = net.createServer(async (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});

    const { head } = await readHead(socket);
    const [, key] = /^sec-websocket-key: (.*)$/im.exec(head);

    heads.push(head);
    socket.resume();
    socket.write(upgradeResponse(key, server.answer));
  });

  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.heads = heads;
  server.url = `ws://${HOST}:${server.address().port}`;
  return server;
}

/** Opens a client and resolves to its error, or `null` once it is open. */
function open(ws) {
  return new Promise((resolve) => {
    ws.on('open', () => resolve(null));
    ws.on('error', (err) => resolve(err.message));
  });
}

async function gone(ws) {
  const closed = once(ws, 'close');

  ws.terminate();
  await closed;
}

describe('RFC 7692, 7.1, as a client', () => {
  for (const [perMessageDeflate, offer] of OFFERS) {
    it(`offers ${offer} for ${JSON.stringify(perMessageDeflate)}`, async (t) => {
      const server = await startServer(t);
      const ws = new WebSocket(
        server.url,
        perMessageDeflate === undefined ? {} : { perMessageDeflate }
      );

      assert.strictEqual(await open(ws), null);
      await gone(ws);

      const [head] = server.heads;
      const found = /^sec-websocket-extensions: (.*)$/im.exec(head);
      assert.strictEqual(found && found[1], offer);
    });
  }

  for (const [perMessageDeflate, rows] of ANSWERS) {
    const name = JSON.stringify(perMessageDeflate);

    it(`takes and refuses answers with ${name}`, async (t) => {
      const server = await startServer(t);

      for (const [answer, error] of rows) {
        server.answer = answer;
        const ws = new WebSocket(server.url, { perMessageDeflate });

        assert.strictEqual(await open(ws), error, answer);
        if (error !== null) continue;

        assert.strictEqual(ws.extensions, answer === null ? '' : PMD);
        await gone(ws);
      }
    });
  }
});
