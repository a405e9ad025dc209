'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { describe, it } = require('node:test');

const { until } = require('../support/loop');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');
const { leave, serve } = require('../support/servers');

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

  it('lets nobody in who has left meanwhile, without a look at the socket', async (t) => {
    const wss = serve(t, {
      verifyClient: (info, callback) => wss.emit('asked', callback)
    });
    const socket = net.connect(await portOf(wss), '127.0.0.1');
    const asked = once(wss, 'asked');

    socket.on('error', () => {});
    socket.write(upgradeRequest());

    const [answer] = await asked;

    wss.on('connection', () => assert.fail('It has left'));
    // When the server reads again: Wine takes a reset before that for an end.
    setImmediate(() => socket.resetAndDestroy());
    await until(() => wss._server._connections === 0);
    answer(true);
  });

  it('lets nobody in who has sent its end meanwhile', async (t) => {
    const wss = serve(t, {
      verifyClient({ req }, callback) {
        req.socket.once('end', () => callback(true)).resume();
      }
    });
    const port = await portOf(wss);
    const socket = net.connect({
      allowHalfOpen: true,
      host: '127.0.0.1',
      port
    });
    let answer = '';

    wss.on('connection', () => assert.fail('It has left'));
    socket.on('data', (chunk) => (answer += chunk));
    socket.end(upgradeRequest());
    await once(socket, 'close');
    assert.strictEqual(answer, '');
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

describe('The wsClientError event', () => {
  it('replaces the answer to a wrong handshake', async (t) => {
    const wss = serve(t);
    const seen = [];

    wss.on('wsClientError', (error, socket, request) => {
      seen.push([error.message, Object.keys(error), request.url]);
      assert.ok(error instanceof Error);
      socket.end('HTTP/1.1 418 Teapot\r\nConnection: close\r\n\r\n');
    });

    const answer = await exchange(
      await portOf(wss),
      upgradeRequest({ 'Sec-WebSocket-Version': 7 }, 'GET /a')
    );

    assert.strictEqual(answer.status, '418 Teapot');
    assert.deepStrictEqual(seen, [
      ['Missing or invalid Sec-WebSocket-Version header', [], '/a']
    ]);
  });

  it('is not emitted for what the program itself declines', async (t) => {
    const wss = serve(t, { path: '/chat', verifyClient: () => false });
    const port = await portOf(wss);

    wss.on('wsClientError', () => assert.fail('The handshake is right'));

    const elsewhere = await exchange(port, upgradeRequest({}, 'GET /other'));
    const declined = await exchange(port, upgradeRequest({}, 'GET /chat'));

    assert.strictEqual(elsewhere.status, '400 Bad Request');
    assert.strictEqual(declined.status, '401 Unauthorized');
  });
});
