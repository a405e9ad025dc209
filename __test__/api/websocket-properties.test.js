'use strict';

/* global once, serve, WebSocketServer -- the programs begin with them */

const assert = require('node:assert');
const { test } = require('node:test');

const { evaluate } = require('../support/programs');

test('connections work whose classes a program has frozen', async () => {
  const seen = await evaluate(async () => {
    const seen = [];

    for (const Class of [
      WebSocket,
      WebSocketServer,
      WebSocket.PerMessageDeflate,
      WebSocket.Receiver,
      WebSocket.Sender
    ]) {
      Object.freeze(Class);
      Object.freeze(Class.prototype);
    }

    const wss = await serve({ closeTimeout: 1000, perMessageDeflate: true });
    const client = new WebSocket(wss.url, ['a'], { autoPong: false });

    client.binaryType = 'arraybuffer';

    const [[ws]] = await Promise.all([
      once(wss, 'connection'),
      once(client, 'open')
    ]);

    ws.pause();
    ws.resume();
    ws.on('message', (data) => ws.send(data, { binary: true }));
    client.send('x'.repeat(2000));
    seen.push((await once(client, 'message'))[0].byteLength);

    client.close(4000, 'bye');
    seen.push(String(await once(ws, 'close')));
    wss.close();
    seen.push(client.protocol, client.binaryType, ws.isPaused);
    console.log(JSON.stringify(seen));
  });

  assert.deepStrictEqual(seen, [2000, '4000,bye', 'a', 'arraybuffer', false]);
});

test('a class of the program may be frozen, too', async () => {
  const seen = await evaluate(async () => {
    class Connection extends WebSocket {
      get name() {
        return 'mine';
      }
    }

    Object.freeze(Connection.prototype);
    Object.freeze(WebSocket.prototype);

    const wss = await serve({ WebSocket: Connection });
    const client = new Connection(wss.url);
    const [[ws]] = await Promise.all([
      once(wss, 'connection'),
      once(client, 'open')
    ]);

    ws.close(1000);

    const [code] = await once(client, 'close');

    wss.close();
    console.log(JSON.stringify([ws.name, client.name, code]));
  });

  assert.deepStrictEqual(seen, ['mine', 'mine', 1000]);
});
