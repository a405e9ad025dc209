'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const WebSocket = require('../../lib/api/websocket');
const WebSocketServer = require('../../lib/api/websocket-server');
const theirs = require('ws');
const {
  BINARY,
  frame,
  FrameReader,
  MASK,
  PING,
  PONG
} = require('../support/frames');
const { eventually } = require('../support/patience');
const { listen } = require('../support/peers');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { leave, serve } = require('../support/servers');

describe('The options of a server', () => {
  it('has the defaults of ws 8.23', () => {
    const { options } = new WebSocketServer({ noServer: true });

    assert.deepStrictEqual(options, {
      allowSynchronousEvents: true,
      autoPong: true,
      backlog: null,
      clientTracking: true,
      closeTimeout: 30000,
      handleProtocols: null,
      host: null,
      maxBufferedChunks: 262144,
      maxFragments: 16384,
      maxPayload: 104857600,
      maxPendingAutoPongs: 60,
      noServer: true,
      path: null,
      perMessageDeflate: false,
      port: null,
      server: null,
      skipUTF8Validation: false,
      verifyClient: null,
      WebSocket
    });
  });

  it('does not change the options object', () => {
    const options = Object.freeze({ noServer: true, perMessageDeflate: true });
    const wss = new WebSocketServer(options);

    assert.deepStrictEqual(wss.options.perMessageDeflate, {});
    assert.strictEqual(options.perMessageDeflate, true);
  });
});

describe('The accept option', () => {
  it('is one of two words, or of no use to us', () => {
    for (const accept of ['Node', 'stream', '']) {
      assert.throws(() => new WebSocketServer({ noServer: true, accept }), {
        message: /"accept" is "native" or "node", not /,
        name: 'TypeError'
      });
    }
    for (const accept of ['native', 'node', undefined, null, true, () => {}]) {
      new WebSocketServer({ noServer: true, accept });
    }
  });
});

describe('The path option', () => {
  it('is compared with the path up to the query', () => {
    const wss = new WebSocketServer({ noServer: true, path: '/chat' });

    assert.strictEqual(wss.shouldHandle({ url: '/chat' }), true);
    assert.strictEqual(wss.shouldHandle({ url: '/chat?a=/b?c' }), true);
    assert.strictEqual(wss.shouldHandle({ url: '/chat/' }), false);
    assert.strictEqual(wss.shouldHandle({ url: '/?/chat' }), false);
    assert.strictEqual(wss.shouldHandle({ url: Buffer.from('/chat') }), false);
  });

  it('accepts every path by default', () => {
    const wss = new WebSocketServer({ noServer: true });

    assert.strictEqual(wss.shouldHandle({ url: '/any' }), true);
  });

  it('can be replaced by overriding shouldHandle', async (t) => {
    const wss = serve(t);

    wss.shouldHandle = ({ url }) => url.startsWith('/rooms/');

    const port = await portOf(wss);
    const refused = await exchange(port, upgradeRequest());
    const connected = once(wss, 'connection');
    const answer = await exchange(port, upgradeRequest({}, 'GET /rooms/1'));
    const [ws] = await connected;

    assert.strictEqual(refused.status, '400 Bad Request');
    assert.strictEqual(answer.status, '101 Switching Protocols');
    await leave(ws, answer);
  });
});

describe('An option that is there counts, whatever its value, as in ws:', () => {
  /** Whether a server with this option answers a ping before an echo. */
  async function pongs(t, Server, options) {
    const wss = await listen(t, Server, options);
    const opened = once(wss, 'connection');
    const { socket } = await exchange(wss.address().port, upgradeRequest());
    const [ws] = await opened;
    const reader = new FrameReader();
    const opcodes = [];

    t.after(() => socket.destroy());
    ws.on('message', (data) => ws.send(data));
    socket.on('data', (chunk) => {
      for (const { opcode } of reader.push(Buffer.from(chunk, 'latin1'))) {
        opcodes.push(opcode);
      }
    });
    socket.resume();
    socket.write(frame(PING, 'p', { mask: MASK }));
    socket.write(frame(BINARY, 'm', { mask: MASK }));
    await eventually(() => opcodes.includes(BINARY), String);
    return opcodes.includes(PONG);
  }

  for (const autoPong of [undefined, null, 0, 1, 'no']) {
    it(`autoPong: ${JSON.stringify(autoPong)}`, async (t) => {
      assert.strictEqual(
        await pongs(t, WebSocketServer, { autoPong }),
        await pongs(t, theirs.WebSocketServer, { autoPong })
      );
      assert.strictEqual(
        await pongs(t, WebSocketServer, { autoPong }),
        Boolean(autoPong)
      );
    });
  }

  it('autoPong is true if it is not there', async (t) => {
    assert.strictEqual(await pongs(t, WebSocketServer, {}), true);
  });
});
