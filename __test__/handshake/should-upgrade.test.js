'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const { describe, it } = require('node:test');

const { WebSocket, WebSocketServer } = require('../..');
const { exchange, portOf, upgradeRequest } = require('../support/raw-http');

const options = {
  skip:
    !('shouldUpgradeCallback' in http.createServer()) &&
    `${process.version} has no shouldUpgradeCallback`
};

/** An HTTP server whose callback lets `/ws` be upgraded, and answers the rest. */
function start(t) {
  const server = http.createServer(
    { shouldUpgradeCallback: ({ url }) => url.startsWith('/ws') },
    (request, response) => response.end(`a page, upgrade: ${request.upgrade}`)
  );

  server.listen(0, '127.0.0.1');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

async function ask(t, url, question) {
  const ws = new WebSocket(url);

  t.after(() => ws.terminate());
  await once(ws, 'open');
  ws.send(question);
  return String((await once(ws, 'message'))[0]);
}

const echo = (ws) => ws.on('message', (data) => ws.send(`echo ${data}`));

describe("Node's shouldUpgradeCallback", () => {
  it(
    'leaves the requests that it lets pass to a server of the option',
    options,
    async (t) => {
      const server = start(t);
      const port = await portOf(server);

      new WebSocketServer({ server }).on('connection', echo);

      assert.strictEqual(
        await ask(t, `ws://127.0.0.1:${port}/ws`, 'hi'),
        'echo hi'
      );
    }
  );

  it('leaves them to handleUpgrade with noServer', options, async (t) => {
    const server = start(t);
    const wss = new WebSocketServer({ noServer: true });

    server.on('upgrade', (...args) => wss.handleUpgrade(...args, echo));

    const url = `ws://127.0.0.1:${await portOf(server)}/ws`;

    assert.strictEqual(await ask(t, url, 'hi'), 'echo hi');
  });

  it('has the others answered by the HTTP server', options, async (t) => {
    const server = start(t);
    const wss = new WebSocketServer({ server });
    const port = await portOf(server);

    wss.on('connection', () => assert.fail('It was to be no connection'));

    const request = upgradeRequest({ Connection: 'Upgrade, close' }, 'GET /');
    const { body, status } = await exchange(port, request);

    assert.strictEqual(status, '200 OK');
    assert.match(body, /a page, upgrade: false/);
    await assert.rejects(
      once(new WebSocket(`ws://127.0.0.1:${port}/page`), 'open'),
      { message: 'Unexpected server response: 200' }
    );
  });

  it(
    'ends what it lets pass when nobody listens for it',
    options,
    async (t) => {
      const server = start(t);
      const url = `ws://127.0.0.1:${await portOf(server)}/ws`;

      await assert.rejects(once(new WebSocket(url), 'open'), {
        code: 'ECONNRESET'
      });
    }
  );
});
