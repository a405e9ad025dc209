'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');
const { text } = require('node:stream/consumers');
const { describe, it } = require('node:test');

const ours = require('../..');
const theirs = require('ws');
const {
  BINARY,
  closePayload,
  CLOSE,
  frame,
  MASK
} = require('../support/frames');
const { portOf, upgradeRequest } = require('../support/raw-http');

/** Before, Node handed the body of an upgrade request out as `head`. */
const isBodyApart = Number(process.versions.node.split('.')[0]) >= 26;

const LENGTH = upgradeRequest({ 'Content-Length': 5 });
const CHUNKED = upgradeRequest({ 'Transfer-Encoding': 'chunked' });
const HI = frame(BINARY, 'hi', { mask: MASK });
const BYE = frame(CLOSE, closePayload(1000), { mask: MASK });

/** What the client writes, with the server's next event awaited in between. */
const CASES = {
  'of a known length, with the headers': [[LENGTH, 'hello', HI]],
  'of a known length, behind the headers': [[LENGTH], ['hello', HI]],
  'of a known length, in pieces': [
    [LENGTH, 'he'],
    ['llo', HI]
  ],
  'in chunks, with the headers': [[CHUNKED, '5\r\nhello\r\n0\r\n\r\n', HI]],
  'in chunks, behind the headers': [[CHUNKED], ['5\r\nhello\r\n0\r\n\r\n', HI]]
};

/** Starts a server that echoes, and notes what it sees of a connection. */
async function start(t, { WebSocketServer }, onUpgrade = () => {}) {
  const seen = [];
  const server = http.createServer().listen(0, '127.0.0.1');
  const wss = new WebSocketServer({ noServer: true });
  const closed = new Promise((resolve) => {
    server.on('upgrade', (request, socket, head) => {
      onUpgrade(request, socket);
      wss.handleUpgrade(request, socket, head, (ws) => {
        ws.on('message', (data) => {
          seen.push(`message ${data}`);
          ws.send(data);
        });
        ws.on('error', ({ code }) => seen.push(`error ${code}`));
        ws.on('close', (code) => resolve(seen.push(`close ${code}`)));
        wss.emit('open');
      });
    });
  });

  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { closed, port: await portOf(server), seen, wss };
}

/** Plays a client; resolves with what the server saw and the client got. */
async function play(t, implementation, packets) {
  const { closed, port, seen, wss } = await start(t, implementation);
  const client = net.connect(port, '127.0.0.1');
  const gone = new Promise((resolve) => client.on('close', resolve));
  let received = '';

  // A server that took the body for a frame is gone before all is written.
  client.on('error', () => {});
  client.setEncoding('latin1').on('data', (chunk) => (received += chunk));
  t.after(() => client.destroy());

  for (const [index, packet] of packets.entries()) {
    const open = once(wss, 'open');

    client.write(Buffer.concat(packet.map((part) => Buffer.from(part))));
    if (index === 0) await open;
  }
  client.end(BYE);
  await closed;
  await gone;
  return { received: received.split('\r\n\r\n').slice(1).join(), seen };
}

describe('The body of an upgrade request', () => {
  for (const [name, packets] of Object.entries(CASES)) {
    it(`${name}, is to a server what it is to ws`, async (t) => {
      const { seen } = await play(t, ours, packets);

      assert.deepStrictEqual(seen, (await play(t, theirs, packets)).seen);
    });

    it(
      `${name}, is not taken for a frame`,
      { skip: !isBodyApart && `${process.version} gives it as head` },
      async (t) => {
        const { received, seen } = await play(t, ours, packets);

        assert.deepStrictEqual(seen, ['message hi', 'close 1000']);
        assert.strictEqual(
          received,
          Buffer.concat([
            frame(BINARY, 'hi'),
            frame(CLOSE, closePayload(1000))
          ]).toString('latin1')
        );
      }
    );
  }

  it(
    'can be read from the request, while messages come behind it',
    { skip: !isBodyApart && `${process.version} gives it as head` },
    async (t) => {
      let body;
      const { closed, port, seen, wss } = await start(t, ours, (request) => {
        body = text(request);
      });
      const client = net.connect(port, '127.0.0.1').resume();
      const open = once(wss, 'open');

      t.after(() => client.destroy());
      client.write(LENGTH);
      await open;
      client.write('hello');
      client.end(Buffer.concat([HI, BYE]));
      assert.strictEqual(await body, 'hello');
      await closed;
      assert.deepStrictEqual(seen, ['message hi', 'close 1000']);
    }
  );

  it(
    'that never comes to its end keeps nothing open',
    { skip: !isBodyApart && `${process.version} gives it as head` },
    async (t) => {
      const { closed, port, seen, wss } = await start(t, ours);
      const client = net.connect(port, '127.0.0.1').resume();
      const open = once(wss, 'open');

      t.after(() => client.destroy());
      client.write(`${LENGTH}he`);
      await open;
      client.end();
      await closed;
      assert.deepStrictEqual(seen, ['close 1006']);
      assert.strictEqual(wss.clients.size, 0);
    }
  );
});
