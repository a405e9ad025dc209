'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const WebSocket = require('../..');
const { skip } = require('../support/loop');
const { inbox } = require('../support/peers');

const { WebSocketServer } = WebSocket;

describe('Of many connections', { skip }, () => {
  /** What engine.io does with the WebSocket of one of its clients. */
  function useAsEngine(ws) {
    const frames = WebSocket.Sender.frame(Buffer.from('4all'), {
      fin: true,
      mask: false,
      opcode: 1,
      readOnly: false,
      rsv1: false
    });

    assert.ok(ws._socket.remoteAddress);
    ws._socket.on('close', () => {});
    ws.on('message', (data) => {
      ws.send(data.toString(), { compress: false });
      ws._sender.sendFrame(frames, () => {});
    });
  }

  const servers = {
    'an echo server': (ws) => ws.on('message', (data) => ws.send(data)),
    'a server that does what Socket.IO does': useAsEngine
  };

  for (const [name, serve] of Object.entries(servers)) {
    it(`at least 90 % of those of ${name} run on loop`, async (t) => {
      const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
      const clients = [];

      t.after(() => {
        for (const ws of clients) ws.terminate();
        wss.close();
      });
      wss.on('connection', serve);
      await once(wss, 'listening');

      const url = `ws://127.0.0.1:${wss.address().port}`;

      for (let i = 0; i < 200; i++) clients.push(new WebSocket(url));

      await Promise.all(
        clients.map(async (ws) => {
          const take = inbox(ws);

          await once(ws, 'open');
          for (let i = 0; i < 3; i++) {
            ws.send(`4${i}`);
            assert.deepStrictEqual(
              await take(serve === useAsEngine ? 2 : 1),
              serve === useAsEngine ? [`4${i}`, '4all'] : [Buffer.from(`4${i}`)]
            );
          }
        })
      );

      const onLoop = [...wss.clients].filter((ws) => ws.transport === 'loop');

      assert.strictEqual(wss.clients.size, 200);
      assert.ok(onLoop.length >= 180, `${onLoop.length} of 200`);
    });
  }
});
