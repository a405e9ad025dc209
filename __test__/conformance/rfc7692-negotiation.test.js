'use strict';

// RFC 7692, sections 5 and 7.1, as a server: what is answered to which offer.

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const reference = require('ws');

const WebSocket = require('../../index');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');

const PMD = 'permessage-deflate';
const REFUSED = 400;

/** Options of the server -> rows of offer and answer; `null` is no header. */
const TABLE = [
  [
    false,
    [
      [null, null],
      [PMD, null],
      [`${PMD}; server_max_window_bits=7`, null]
    ]
  ],
  [
    true,
    [
      [null, null],
      [PMD, PMD],
      ['x-webkit-deflate-frame', null],
      [`x-webkit-deflate-frame; a=b, ${PMD}`, PMD],
      [`${PMD}; client_max_window_bits`, PMD],
      [
        `${PMD}; client_max_window_bits=10`,
        `${PMD}; client_max_window_bits=10`
      ],
      [`${PMD}; client_max_window_bits=8`, `${PMD}; client_max_window_bits=8`],
      [
        `${PMD}; server_max_window_bits=15`,
        `${PMD}; server_max_window_bits=15`
      ],
      [`${PMD}; server_max_window_bits=8`, `${PMD}; server_max_window_bits=8`],
      [
        `${PMD}; server_max_window_bits="12"`,
        `${PMD}; server_max_window_bits=12`
      ],
      [
        `${PMD};server_no_context_takeover;client_no_context_takeover`,
        `${PMD}; server_no_context_takeover; client_no_context_takeover`
      ],
      [
        `${PMD}; client_max_window_bits=9; client_no_context_takeover; ` +
          'server_max_window_bits=11; server_no_context_takeover',
        `${PMD}; client_max_window_bits=9; client_no_context_takeover; ` +
          'server_max_window_bits=11; server_no_context_takeover'
      ],
      [`${PMD}, ${PMD}; server_no_context_takeover`, PMD],
      // What is no parameter of section 7.1, or has no such value.
      [`${PMD}; server_max_window_bits`, REFUSED],
      [`${PMD}; server_max_window_bits=7`, REFUSED],
      [`${PMD}; server_max_window_bits=16`, REFUSED],
      [`${PMD}; server_max_window_bits=-8`, REFUSED],
      [`${PMD}; server_max_window_bits=9.5`, REFUSED],
      [`${PMD}; server_max_window_bits=abc`, REFUSED],
      [`${PMD}; client_max_window_bits=7`, REFUSED],
      [`${PMD}; client_max_window_bits=16`, REFUSED],
      [`${PMD}; client_max_window_bits=true`, REFUSED],
      [`${PMD}; server_no_context_takeover=true`, REFUSED],
      [`${PMD}; client_no_context_takeover=1`, REFUSED],
      [`${PMD}; unknown`, REFUSED],
      [`${PMD}; server_max_window_bits=9; server_max_window_bits=9`, REFUSED],
      [`${PMD}; client_no_context_takeover; client_no_context_takeover`, 400],
      // One invalid offer spoils the valid ones beside it.
      [`${PMD}, ${PMD}; unknown`, REFUSED],
      // What is no extension header at all.
      [`${PMD};`, REFUSED],
      [`${PMD}; a="`, REFUSED],
      [`${PMD},`, REFUSED],
      [`; ${PMD}`, REFUSED]
    ]
  ],
  [
    { serverNoContextTakeover: true, clientNoContextTakeover: true },
    [
      [PMD, `${PMD}; server_no_context_takeover; client_no_context_takeover`],
      [
        `${PMD}; server_no_context_takeover`,
        `${PMD}; server_no_context_takeover; client_no_context_takeover`
      ]
    ]
  ],
  [
    { serverNoContextTakeover: false, clientNoContextTakeover: false },
    [
      [PMD, PMD],
      [`${PMD}; server_no_context_takeover`, REFUSED],
      [`${PMD}; server_no_context_takeover, ${PMD}`, PMD],
      // A hint that need not be followed.
      [
        `${PMD}; client_no_context_takeover`,
        `${PMD}; client_no_context_takeover`
      ]
    ]
  ],
  [
    { serverMaxWindowBits: 11 },
    [
      [PMD, `${PMD}; server_max_window_bits=11`],
      [
        `${PMD}; server_max_window_bits=15`,
        `${PMD}; server_max_window_bits=11`
      ],
      [
        `${PMD}; server_max_window_bits=11`,
        `${PMD}; server_max_window_bits=11`
      ],
      [`${PMD}; server_max_window_bits=10`, REFUSED],
      [
        `${PMD}; server_max_window_bits=10, ${PMD}; server_max_window_bits=12`,
        `${PMD}; server_max_window_bits=11`
      ]
    ]
  ],
  [
    { serverMaxWindowBits: false },
    [
      [PMD, PMD],
      [`${PMD}; server_max_window_bits=15`, REFUSED],
      [`${PMD}; server_max_window_bits=15, ${PMD}`, PMD]
    ]
  ],
  [
    { clientMaxWindowBits: 11 },
    [
      // Section 7.1.2.2: only who offers it may be told to keep a limit.
      [PMD, REFUSED],
      [`${PMD}; client_max_window_bits`, `${PMD}; client_max_window_bits=11`],
      [
        `${PMD}; client_max_window_bits=15`,
        `${PMD}; client_max_window_bits=11`
      ],
      [
        `${PMD}; client_max_window_bits=11`,
        `${PMD}; client_max_window_bits=11`
      ],
      [`${PMD}; client_max_window_bits=10`, REFUSED],
      [
        `${PMD}, ${PMD}; client_max_window_bits=10, ` +
          `${PMD}; client_max_window_bits`,
        `${PMD}; client_max_window_bits=11`
      ]
    ]
  ],
  [
    { clientMaxWindowBits: false },
    [
      [PMD, PMD],
      [`${PMD}; client_max_window_bits`, PMD],
      [`${PMD}; client_max_window_bits=10`, PMD]
    ]
  ]
];

function shutDown(wss) {
  for (const ws of wss.clients) ws.terminate();
  wss.close();
}

describe('RFC 7692, 7.1, as a server', () => {
  for (const [perMessageDeflate, rows] of TABLE) {
    const name = JSON.stringify(perMessageDeflate);

    it(`answers the offers of clients with ${name}`, async (t) => {
      const wss = new WebSocket.Server({
        host: '127.0.0.1',
        perMessageDeflate,
        port: 0
      });
      const port = await portOf(wss);

      t.after(() => shutDown(wss));

      for (const [offer, answer] of rows) {
        const { headers, socket, status } = await exchange(
          port,
          upgradeRequest({ 'Sec-WebSocket-Extensions': offer })
        );

        if (answer === REFUSED) {
          assert.strictEqual(status, '400 Bad Request', offer);
          continue;
        }

        assert.strictEqual(status, '101 Switching Protocols', offer);
        assert.strictEqual(
          headers['sec-websocket-extensions'] ?? null,
          answer,
          offer
        );

        const [ws] = wss.clients;
        const closed = once(ws, 'close');

        assert.strictEqual(ws.extensions, answer === null ? '' : PMD);
        socket.destroy();
        await closed;
      }
    });
  }

  it('joins headers that come more than once', async (t) => {
    const wss = new WebSocket.Server({
      host: '127.0.0.1',
      perMessageDeflate: { serverNoContextTakeover: false },
      port: 0
    });
    const port = await portOf(wss);

    t.after(() => shutDown(wss));

    const { headers, socket } = await exchange(
      port,
      upgradeRequest({
        'Sec-WebSocket-Extensions': `${PMD}; server_no_context_takeover`,
        'sec-websocket-extensions': `${PMD}; client_no_context_takeover`
      })
    );
    const closed = once([...wss.clients][0], 'close');

    socket.destroy();
    await closed;

    assert.strictEqual(
      headers['sec-websocket-extensions'],
      `${PMD}; client_no_context_takeover`
    );
  });
});

/** Every choice of one value for each key. */
function product(choices) {
  return Object.entries(choices).reduce(
    (all, [key, values]) =>
      all.flatMap((one) =>
        values.map((value) =>
          value === undefined ? one : { ...one, [key]: value }
        )
      ),
    [{}]
  );
}

/** What a class makes of parameters: the outcome, or the error's message. */
function outcome(PerMessageDeflate, options, parameters) {
  const lists = Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, [value]])
  );

  try {
    return new PerMessageDeflate(options).accept([lists]);
  } catch ({ message, name }) {
    return { message, name };
  }
}

describe('PerMessageDeflate#accept', () => {
  for (const isServer of [true, false]) {
    const role = isServer ? 'server' : 'client';

    it(`agrees with npm ws in every case, as a ${role}`, () => {
      const options = product({
        clientMaxWindowBits: [undefined, true, false, 8, 10, 15],
        clientNoContextTakeover: [undefined, true, false],
        isServer: [isServer],
        serverMaxWindowBits: [undefined, true, false, 8, 10, 15],
        serverNoContextTakeover: [undefined, true, false]
      });
      const parameters = product({
        client_max_window_bits: [undefined, true, '8', '9', '10', '12', '15'],
        client_no_context_takeover: [undefined, true],
        server_max_window_bits: [undefined, true, '8', '9', '10', '12', '15'],
        server_no_context_takeover: [undefined, true]
      });
      let count = 0;

      for (const option of options) {
        for (const parameter of parameters) {
          const own = outcome(WebSocket.PerMessageDeflate, option, parameter);
          const its = outcome(reference.PerMessageDeflate, option, parameter);

          assert.deepStrictEqual(own, its, JSON.stringify([option, parameter]));
          count++;
        }
      }

      assert.strictEqual(count, 6 * 3 * 6 * 3 * 7 * 2 * 7 * 2);
    });
  }
});
