'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openAudience, takeAll, WIRES } = require('../support/audience');
const { skipTouches, turns, until } = require('../support/loop');
const { openDuplexPair, openRawClient } = require('../support/pairs');
const { bytesOf, inbox, LENGTHS, textOf } = require('../support/peers');
const { serve, serveHttp, upgradeWith } = require('../support/servers');
const { portOf } = require('../support/raw-http');
const WebSocket = require('../../index');

const PATTERN = /a WebSocket, an iterable of WebSockets, or a function/;

describe('wss.broadcast()', () => {
  for (const wire of WIRES) {
    it(`gives each connection over ${wire} messages of every length`, async (t) => {
      const audience = await openAudience(t, { wire });

      for (const length of LENGTHS) {
        const [text, bytes] = [textOf(length), bytesOf(length)];

        assert.strictEqual(audience.wss.broadcast(text), 3);
        assert.strictEqual(audience.wss.broadcast(bytes), 3);
        for (const take of audience.take) {
          assert.deepStrictEqual(await take(2), [text, bytes]);
        }
      }
    });
  }

  it('reaches connections of different wires with one message', async (t) => {
    const audience = await openAudience(t);

    // Somebody looks at the bytes of one.
    audience.ws[1]._socket.on('data', () => {});
    assert.strictEqual(audience.wss.broadcast('all'), 3);
    assert.deepStrictEqual(await takeAll(audience), ['all', 'all', 'all']);
  });

  it('takes the forms of data that send() takes, but no Blob', async (t) => {
    const audience = await openAudience(t, { count: 1 });
    const { wss } = audience;
    const bytes = Buffer.from([1, 2, 3, 4]);

    wss.broadcast(12.5);
    wss.broadcast('');
    wss.broadcast(new Uint8Array(bytes));
    wss.broadcast(new Uint16Array(bytes.buffer, bytes.byteOffset, 2));
    wss.broadcast(new Uint8Array(bytes).buffer);
    wss.broadcast([1, 2, 3, 4]);
    wss.broadcast('as bytes', { binary: true });
    wss.broadcast(bytes, { binary: false });
    assert.deepStrictEqual(await audience.take[0](8), [
      '12.5',
      '',
      bytes,
      bytes,
      bytes,
      bytes,
      Buffer.from('as bytes'),
      bytes.toString()
    ]);

    for (const data of [undefined, null, true, {}, new Blob(['a'])]) {
      assert.throws(() => wss.broadcast(data), {
        message: /^(The data of a message for many|A Blob) /,
        name: 'TypeError'
      });
    }
    assert.throws(() => wss.broadcast(new Blob([])), /arrayBuffer\(\)/);
    wss.broadcast('last');
    assert.deepStrictEqual(await audience.take[0](1), ['last']);
  });

  it('says what a callback in the place of options is', async (t) => {
    const { wss } = await openAudience(t, { count: 0 });

    assert.throws(() => wss.broadcast('a', () => {}), /there is no callback/);
    assert.strictEqual(wss.broadcast('a', null), 0);
  });

  it('refuses options that there are not', async (t) => {
    const { wss } = await openAudience(t, { count: 0 });

    for (const [options, message] of [
      [{ exept: [] }, /no option "exept"; did you mean "except"\?/],
      [{ fin: false }, /no option "fin"; there are binary, compress, except/]
    ]) {
      assert.throws(() => wss.broadcast('a', options), {
        message,
        name: 'TypeError'
      });
    }
    assert.strictEqual(wss.broadcast('a', { fin: undefined }), 0);
  });

  it('passes over those that "except" names', async (t) => {
    const audience = await openAudience(t);
    const { ws, wss } = audience;
    const excepts = [
      ws[0],
      [ws[0]],
      new Set([ws[0]]),
      (one) => one === ws[0],
      [ws[0], undefined, audience.clients[0]]
    ];

    for (const [index, except] of excepts.entries()) {
      assert.strictEqual(wss.broadcast(`${index}`, { except }), 2);
    }
    assert.strictEqual(wss.broadcast('x', { except: ws }), 0);
    assert.strictEqual(wss.broadcast('end', { except: undefined }), 3);
    assert.deepStrictEqual(await audience.take[0](1), ['end']);
    for (const take of audience.take.slice(1)) {
      assert.deepStrictEqual(await take(6), ['0', '1', '2', '3', '4', 'end']);
    }
  });

  it('sends nothing where "except" is wrong or throws', async (t) => {
    const audience = await openAudience(t);
    const { ws, wss } = audience;
    const except = (one) => {
      if (one === ws[2]) throw new Error('as a program does');
    };

    assert.throws(() => wss.broadcast('a', { except }), /as a program does/);
    for (const wrong of ['all', 5, {}, true]) {
      assert.throws(() => wss.broadcast('a', { except: wrong }), PATTERN);
    }
    assert.throws(
      () => wss.broadcast('a', { except: [ws[0], 'ws'] }),
      /something that is no WebSocket: string/
    );
    // A promise is no "false": it would pass over everybody.
    assert.throws(
      () => wss.broadcast('a', { except: async () => false }),
      /returns at once .* gave a promise/
    );
    wss.broadcast('first');
    assert.deepStrictEqual(await takeAll(audience), [
      'first',
      'first',
      'first'
    ]);
  });

  it('sends what it was given, whatever the function "except" does with the memory', async (t) => {
    const { take, ws, wss } = await openAudience(t, { count: 1 });
    const topics = new WebSocket.Topics();
    const send = [
      (bytes, options) => wss.broadcast(bytes, options),
      (bytes, options) => topics.publish('room', bytes, options)
    ];

    topics.subscribe(ws[0], 'room');

    for (const one of send) {
      const bytes = new Uint8Array([1, 2, 3, 4]);
      const except = () =>
        void structuredClone(bytes, { transfer: [bytes.buffer] });

      assert.strictEqual(one(bytes, { except }), 1);
      assert.deepStrictEqual(await take[0](1), [Buffer.from([1, 2, 3, 4])]);
    }
  });

  it('passes over connections that are closing, and ends none', async (t) => {
    const audience = await openAudience(t);
    const { ws, wss } = audience;

    ws[0].close();
    ws[1].terminate();
    assert.strictEqual(wss.broadcast('a'), 1);
    assert.deepStrictEqual(await audience.take[2](1), ['a']);
    assert.strictEqual((await once(audience.clients[0], 'close'))[0], 1005);
  });

  it('may be called in a listener of a message, whoever leaves then', async (t) => {
    const audience = await openAudience(t);
    const { clients, ws, wss } = audience;

    ws[0].on('message', (data, binary) => {
      ws[1].terminate();
      assert.strictEqual(wss.broadcast(data, { binary }), 2);
      wss.broadcast('behind');
    });
    clients[0].send('from one');
    for (const index of [0, 2]) {
      assert.deepStrictEqual(await audience.take[index](2), [
        'from one',
        'behind'
      ]);
    }
  });

  it('keeps the order with what a connection sends itself', async (t) => {
    const audience = await openAudience(t);
    const expected = [];

    for (let i = 0; i < 40; i++) {
      const length = [1, 300, 20000][i % 3];

      for (const one of audience.ws) one.send(`own ${i} ${textOf(length)}`);
      audience.wss.broadcast(`all ${i} ${textOf(length)}`);
      expected.push(`own ${i} ${textOf(length)}`, `all ${i} ${textOf(length)}`);
    }
    for (const take of audience.take) {
      assert.deepStrictEqual(await take(80), expected);
    }
  });

  it('calls back those who send before and behind it, in order', async (t) => {
    const audience = await openAudience(t, { count: 1 });
    const [ws] = audience.ws;
    const calls = [];
    const done = new Promise((resolve) => {
      for (let i = 0; i < 6; i++) {
        ws.send(`own ${i}`, (err) => {
          calls.push([i, err]);
          if (i === 5) resolve();
        });
        audience.wss.broadcast(textOf(1000));
      }
    });

    await done;
    assert.deepStrictEqual(
      calls.map(([i, err]) => [i, err ?? null]),
      [0, 1, 2, 3, 4, 5].map((i) => [i, null])
    );
    assert.strictEqual((await audience.take[0](12)).length, 12);
  });

  it('waits for the end of a fragmented message', async (t) => {
    const audience = await openAudience(t);
    const [ws] = audience.ws;

    ws.send('one ', { fin: false });
    assert.strictEqual(audience.wss.broadcast('all'), 3);
    assert.ok(ws.bufferedAmount >= 3);
    assert.deepStrictEqual(await audience.take[1](1), ['all']);
    audience.wss.broadcast('second');
    ws.ping();
    ws.send('two', { fin: true });
    ws.send('own');
    assert.deepStrictEqual(await audience.take[0](4), [
      'one two',
      'all',
      'second',
      'own'
    ]);
    assert.strictEqual(ws.bufferedAmount, 0);
  });

  it('comes behind a Blob that is being read', async (t) => {
    const audience = await openAudience(t, { count: 2 });
    const [ws] = audience.ws;

    ws.send(new Blob(['blob']));
    audience.wss.broadcast('all');
    ws.send('own');
    assert.deepStrictEqual(await audience.take[0](3), [
      Buffer.from('blob'),
      'all',
      'own'
    ]);
    assert.deepStrictEqual(await audience.take[1](1), ['all']);
  });

  for (const transport of ['loop', 'stream']) {
    it(
      `has copied the data when it returns, on ${transport}`,
      { skip: skipTouches },
      async (t) => {
        const { peer, socket, wss } = await openRawClient(t);
        const data = Buffer.alloc(8 * 2 ** 20, 'a');
        let bytes = 0;

        await turns();
        if (transport === 'stream') peer._socket.on('data', () => {});
        assert.strictEqual(peer.transport, transport);
        socket.pause();
        wss.broadcast(data);
        assert.ok(peer.bufferedAmount > 0);
        data.fill('b');
        socket.on('data', (chunk) => {
          bytes += chunk.length;
          assert.strictEqual(chunk.includes('b'), false);
        });
        socket.resume();
        await until(() => bytes >= data.length + 10);
        assert.strictEqual(bytes, data.length + 10);
      }
    );
  }

  it('sends to clients of a noServer server', async (t) => {
    const server = serveHttp(t);
    const wss = new WebSocket.Server({ noServer: true });

    upgradeWith(wss, server);

    const client = new WebSocket(`ws://127.0.0.1:${await portOf(server)}`);

    t.after(() => client.terminate());
    await once(client, 'open');

    const take = inbox(client);

    assert.strictEqual(wss.broadcast('to you'), 1);
    assert.deepStrictEqual(await take(1), ['to you']);
  });

  it('sends on what else a program puts into "clients", masked if it is a client', async (t) => {
    const { client, peer } = openDuplexPair(t);
    const wss = serve(t);
    const sent = [];
    const foreign = {
      readyState: 1,
      send: (...args) => sent.push(args),
      terminate() {}
    };

    wss.clients.add(client).add(peer).add(foreign);

    const [fromClient, fromServer] = [inbox(peer), inbox(client)];

    assert.strictEqual(wss.broadcast('both'), 3);
    assert.deepStrictEqual(await fromClient(1), ['both']);
    assert.deepStrictEqual(await fromServer(1), ['both']);
    assert.deepStrictEqual(sent, [
      [Buffer.from('both'), { binary: false, compress: true }]
    ]);
  });

  it('says that a server without "clients" has nobody to send to', (t) => {
    const wss = serve(t, { clientTracking: false });

    assert.throws(() => wss.broadcast('a'), /clientTracking/);
  });

  it(
    'is seen by a write() that a program puts on a socket',
    { skip: skipTouches },
    async (t) => {
      const audience = await openAudience(t);
      const [, { _socket: socket }] = audience.ws;
      const chunks = [];

      socket.write = function (chunk, ...args) {
        chunks.push(Buffer.from(chunk));
        return Object.getPrototypeOf(this).write.call(this, chunk, ...args);
      };
      audience.wss.broadcast('seen');
      assert.deepStrictEqual(await takeAll(audience), ['seen', 'seen', 'seen']);
      assert.strictEqual(
        Buffer.concat(chunks).toString('latin1'),
        '\x81\x04seen'
      );
    }
  );

  it(
    'ends a connection whose write() throws, and no other',
    { skip: skipTouches },
    async (t) => {
      const audience = await openAudience(t);
      const [first, second] = audience.ws;

      first._socket.write = () => {
        throw new Error('as a mock does');
      };
      assert.strictEqual(audience.wss.broadcast('all'), 3);
      await once(first, 'close');
      assert.deepStrictEqual(await audience.take[1](1), ['all']);
      assert.deepStrictEqual(await audience.take[2](1), ['all']);
      assert.strictEqual(second.readyState, WebSocket.OPEN);
    }
  );

  it('ends a connection whose socket is broken, and no other', async (t) => {
    const audience = await openAudience(t);
    const closed = once(audience.ws[0], 'close');

    audience.clients[0]._socket.resetAndDestroy?.();
    while (audience.ws[0].readyState === WebSocket.OPEN) {
      audience.wss.broadcast(textOf(1000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.strictEqual((await closed)[0], 1006);
    assert.strictEqual(audience.wss.broadcast('rest'), 2);
  });
});
