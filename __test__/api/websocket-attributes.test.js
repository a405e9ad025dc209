'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Original = require('ws');

const Sender = require('../../lib/connection/sender');
const WebSocket = require('../../lib/api/websocket');
const { closeOf, openPair } = require('../support/pairs');
const { portOf } = require('../support/raw-http');
const { serve } = require('../support/servers');

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };

describe('The constants of the ready state', () => {
  for (const [name, value] of Object.entries(STATES)) {
    it(`include ${name}, on the class and on instances, for good`, () => {
      const descriptor = {
        configurable: false,
        enumerable: true,
        value,
        writable: false
      };

      for (const holder of [WebSocket, WebSocket.prototype]) {
        assert.deepStrictEqual(
          Object.getOwnPropertyDescriptor(holder, name),
          descriptor
        );
      }
    });
  }
});

describe('The attributes', () => {
  it('are enumerable and can be redefined', () => {
    for (const name of [
      ...['binaryType', 'bufferedAmount', 'extensions', 'isPaused'],
      ...['onclose', 'onerror', 'onmessage', 'onopen'],
      ...['protocol', 'readyState', 'url']
    ]) {
      const { configurable, enumerable, get } = Object.getOwnPropertyDescriptor(
        WebSocket.prototype,
        name
      );

      assert.strictEqual(configurable, true, name);
      assert.strictEqual(enumerable, true, name);
      assert.strictEqual(typeof get, 'function', name);
    }
  });

  it('and methods are all those of ws, enumerable where they are there', () => {
    const namesOf = ({ prototype }) => {
      const names = [];

      for (const name in prototype) names.push(name);
      return names.sort();
    };

    assert.deepStrictEqual(namesOf(WebSocket), namesOf(Original));
    for (const name of Object.getOwnPropertyNames(Original.prototype)) {
      assert.ok(Object.hasOwn(WebSocket.prototype, name), name);
    }
  });

  it('of a client that has just been made', async (t) => {
    const wss = serve(t);
    const port = await portOf(wss);
    const ws = new WebSocket(`http://127.0.0.1:${port}/path?q`);

    assert.strictEqual(ws.readyState, STATES.CONNECTING);
    assert.strictEqual(ws.url, `ws://127.0.0.1:${port}/path?q`);
    assert.strictEqual(ws.protocol, '');
    assert.strictEqual(ws.extensions, '');
    assert.strictEqual(ws.bufferedAmount, 0);
    assert.strictEqual(ws.binaryType, 'nodebuffer');
    assert.strictEqual(ws.isPaused, false);
    assert.strictEqual(ws._socket, null);
    assert.strictEqual(ws._sender, null);
    assert.strictEqual(ws._receiver, null);
    assert.strictEqual(ws._closeTimer, null);

    await once(ws, 'open');
    assert.strictEqual(ws.readyState, STATES.OPEN);

    const closed = closeOf(ws);

    ws.close();
    assert.strictEqual(ws.readyState, STATES.CLOSING);
    await closed;
    assert.strictEqual(ws.readyState, STATES.CLOSED);
  });

  it('of the end of a server', async (t) => {
    const { peer } = await openPair(t);

    assert.strictEqual(peer.readyState, STATES.OPEN);
    assert.strictEqual(peer.url, undefined);
    assert.strictEqual(peer._isServer, true);
  });
});

describe('protocol', () => {
  it('is what the server chose', async (t) => {
    const { client, peer } = await openPair(t, {
      client: { protocols: ['b', 'a'] },
      server: { handleProtocols: (offered) => [...offered].at(-1) }
    });

    assert.strictEqual(client.protocol, 'a');
    assert.strictEqual(peer.protocol, 'a');
  });

  it('comes from the argument if there is one, and not from the options', async (t) => {
    const wss = serve(t);
    const url = `ws://127.0.0.1:${await portOf(wss)}`;
    const ws = new WebSocket(url, 'argument', { protocols: 'option' });

    await once(ws, 'open');
    assert.strictEqual(ws.protocol, 'argument');
    ws.terminate();
  });
});

describe('extensions', () => {
  it('are the names of what was agreed on', async (t) => {
    const plain = await openPair(t);
    const deflating = await openPair(t, {
      server: { perMessageDeflate: true }
    });

    assert.strictEqual(plain.client.extensions, '');
    assert.strictEqual(deflating.client.extensions, 'permessage-deflate');
    assert.strictEqual(deflating.peer.extensions, 'permessage-deflate');
  });

  it('do not hold a window that is larger than the client offered', async (t) => {
    const wss = serve(t, { perMessageDeflate: { clientMaxWindowBits: 12 } });
    const url = `ws://127.0.0.1:${await portOf(wss)}`;
    const refused = new WebSocket(url, {
      perMessageDeflate: { clientMaxWindowBits: 10 }
    });

    await assert.rejects(once(refused, 'open'), {
      message: 'Unexpected server response: 400'
    });

    const agreed = new WebSocket(url, {
      perMessageDeflate: { clientMaxWindowBits: 12 }
    });

    await once(agreed, 'open');
    assert.strictEqual(agreed.extensions, 'permessage-deflate');
    agreed.terminate();
  });
});

describe('binaryType', () => {
  it('takes the four types, and ignores others', async (t) => {
    const { client } = await openPair(t);

    for (const type of ['arraybuffer', 'fragments', 'blob', 'nodebuffer']) {
      client.binaryType = type;
      client.binaryType = 'text';
      client.binaryType = null;
      assert.strictEqual(client.binaryType, type);
    }
  });

  it('can be set before the connection is open', async (t) => {
    const wss = serve(t);

    wss.on('connection', (ws) => ws.send(Buffer.of(1, 2)));

    const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);

    ws.binaryType = 'arraybuffer';

    const [data, isBinary] = await once(ws, 'message');

    assert.deepStrictEqual(new Uint8Array(data), Uint8Array.of(1, 2));
    assert.strictEqual(isBinary, true);
    ws.terminate();
  });

  it('gives each binary message its form, and text a buffer', async (t) => {
    const { client, peer } = await openPair(t);
    const expected = {
      arraybuffer: ArrayBuffer,
      blob: Blob,
      fragments: Array,
      nodebuffer: Buffer
    };

    for (const [type, Class] of Object.entries(expected)) {
      client.binaryType = type;
      peer.send(Buffer.from('abc'));

      const [data] = await once(client, 'message');

      assert.ok(data instanceof Class, type);
      peer.send('abc');
      assert.deepStrictEqual(await once(client, 'message'), [
        Buffer.from('abc'),
        false
      ]);
    }
  });

  it('gives an ArrayBuffer of its own for each message', async (t) => {
    const { client, peer } = await openPair(t);
    const messages = [];

    client.binaryType = 'arraybuffer';
    client.on('message', (data) => messages.push(data));
    for (let i = 0; i < 10; i++) peer.send(Buffer.of(i));
    peer.close();
    await closeOf(client);

    assert.strictEqual(new Set(messages).size, 10);
    assert.deepStrictEqual(
      messages.map((data) => [...new Uint8Array(data)]),
      Array.from({ length: 10 }, (_, i) => [i])
    );
  });
});

describe('isPaused', () => {
  it('is the word of pause() and resume()', async (t) => {
    const { client } = await openPair(t);

    client.pause();
    assert.strictEqual(client.isPaused, true);
    assert.strictEqual(client._socket.isPaused(), true);
    client.resume();
    assert.strictEqual(client.isPaused, false);
    assert.strictEqual(client._socket.isPaused(), false);
  });

  it('stays while connecting and when closed', async (t) => {
    const wss = serve(t);
    const ws = new WebSocket(`ws://127.0.0.1:${await portOf(wss)}`);

    ws.pause();
    assert.strictEqual(ws.isPaused, false);
    await once(ws, 'open');
    ws.pause();

    const closed = closeOf(ws);

    ws.terminate();
    await closed;
    ws.resume();
    assert.strictEqual(ws.isPaused, true);
  });
});

describe('The private members that programs use', () => {
  it('are there on an open connection', async (t) => {
    const { client, peer } = await openPair(t);

    for (const ws of [client, peer]) {
      assert.ok(ws._sender instanceof Sender);
      assert.strictEqual(typeof ws._sender.sendFrame, 'function');
      assert.strictEqual(typeof ws._socket.remotePort, 'number');
      assert.strictEqual(ws._socket.remoteAddress, '127.0.0.1');
    }
  });

  it('let the receiver be changed while messages come', async (t) => {
    const { client, peer } = await openPair(t, { client: { maxPayload: 100 } });

    peer.send('a');
    await once(client, 'message');
    assert.strictEqual(client._receiver._maxPayload, 100);
    assert.strictEqual(client._receiver, client._receiver);
    client._receiver._maxPayload = 2;
    peer.send('ab');
    await once(client, 'message');
    peer.send('abc');
    await assert.rejects(once(client, 'message'), {
      code: 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH'
    });
  });
});
