'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

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

describe('The path option', () => {
  it('is compared with the path up to the query', () => {
    const wss = new WebSocketServer({ noServer: true, path: '/chat' });

    assert.strictEqual(wss.shouldHandle({ url: '/chat' }), true);
    assert.strictEqual(wss.shouldHandle({ url: '/chat?a=/b?c' }), true);
    assert.strictEqual(wss.shouldHandle({ url: '/chat/' }), false);
    assert.strictEqual(wss.shouldHandle({ url: '/?/chat' }), false);
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

describe('The handleProtocols option', () => {
  const OFFER = { 'Sec-WebSocket-Protocol': 'a, b' };

  async function negotiate(t, options, offer) {
    const wss = serve(t, options);
    const connected = once(wss, 'connection');
    const answer = await exchange(await portOf(wss), upgradeRequest(offer));
    const [ws] = await connected;
    const header = answer.headers['sec-websocket-protocol'];

    await leave(ws, answer);
    return [header, ws.protocol];
  }

  it('is the first subprotocol offered by default', async (t) => {
    assert.deepStrictEqual(await negotiate(t, {}, OFFER), ['a', 'a']);
  });

  it('picks the subprotocol', async (t) => {
    const handleProtocols = (protocols, request) => {
      assert.deepStrictEqual(protocols, new Set(['a', 'b']));
      assert.ok(request instanceof http.IncomingMessage);
      return 'b';
    };

    assert.deepStrictEqual(await negotiate(t, { handleProtocols }, OFFER), [
      'b',
      'b'
    ]);
  });

  it('may decline all of them', async (t) => {
    const handleProtocols = () => false;

    assert.deepStrictEqual(await negotiate(t, { handleProtocols }, OFFER), [
      undefined,
      ''
    ]);
  });

  it('is not called if the client offers none', async (t) => {
    const handleProtocols = () => assert.fail('Nothing was offered');

    assert.deepStrictEqual(await negotiate(t, { handleProtocols }, {}), [
      undefined,
      ''
    ]);
  });
});

describe('The verifyClient option', () => {
  async function ask(t, verifyClient, headers) {
    const wss = serve(t, { verifyClient });
    const answer = await exchange(await portOf(wss), upgradeRequest(headers));

    answer.socket.destroy();
    return answer;
  }

  it('is told the origin, the security and the request', async (t) => {
    let info;

    await ask(
      t,
      (given) => {
        info = given;
        return true;
      },
      { Origin: 'https://a.example' }
    );

    assert.strictEqual(info.origin, 'https://a.example');
    assert.strictEqual(info.secure, false);
    assert.ok(info.req instanceof http.IncomingMessage);
  });

  it('accepts and declines at once with one parameter', async (t) => {
    const accepted = await ask(t, (info) => Boolean(info));
    const declined = await ask(t, (info) => !info);

    assert.strictEqual(accepted.status, '101 Switching Protocols');
    assert.strictEqual(declined.status, '401 Unauthorized');
    assert.strictEqual(declined.body, 'Unauthorized');
  });

  it('accepts later with two parameters', async (t) => {
    const accepted = await ask(t, (info, callback) => {
      setImmediate(callback, true);
    });

    assert.strictEqual(accepted.status, '101 Switching Protocols');
  });

  it('declines later with 401 or what it is given', async (t) => {
    const plain = await ask(t, (info, callback) => {
      setImmediate(callback, false);
    });
    const special = await ask(t, (info, callback) => {
      callback(false, 429, 'Too many', { 'Retry-After': 60 });
    });

    assert.strictEqual(plain.status, '401 Unauthorized');
    assert.strictEqual(special.status, '429 Too Many Requests');
    assert.strictEqual(special.headers['retry-after'], '60');
    assert.strictEqual(special.body, 'Too many');
  });

  it('is answered with 503 if the server closes meanwhile', async (t) => {
    const wss = serve(t, {
      verifyClient: (info, callback) => {
        wss.close();
        callback(true);
      }
    });
    const answer = await exchange(await portOf(wss), upgradeRequest());

    assert.strictEqual(answer.status, '503 Service Unavailable');
    assert.strictEqual(answer.body, 'Service Unavailable');
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
