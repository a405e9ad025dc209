'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const WS = require('ws');
const undici = require('undici');

const { openAudience } = require('../support/audience');
const { start } = require('../support/conversation');
const { everyParameter, messages, toHeader } = require('../support/deflate');
const { skip } = require('../support/loop');
const { noUndici } = require('../support/machine');
const { openPair } = require('../support/pairs');
const { inbox, textOf } = require('../support/peers');
const { kConnection } = require('../../lib/members');
const PerMessageDeflate = require('../../lib/compression/permessage-deflate');

const TEXT = 'a text that repeats itself, a text that repeats itself; ';

/** Messages that have much in common with each other, of many lengths. */
function seriesOf(seed) {
  return messages(seed).map((text) => text + TEXT);
}

/** Own sends and broadcasts in turns: what each connection has to receive. */
async function mix(audience, rounds) {
  const { take, ws, wss } = audience;
  const expected = ws.map(() => []);

  for (const [round, text] of rounds.entries()) {
    for (const [index, one] of ws.entries()) {
      // Each has a context of its own, and some rarely send anything.
      if ((round + index) % (index + 2) !== 0) continue;
      one.send(`${index} ${text}`);
      expected[index].push(`${index} ${text}`);
    }
    wss.broadcast(text);
    expected.forEach((list) => list.push(text));
    // Sometimes all results are there, sometimes they are not.
    if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  for (const [index, list] of expected.entries()) {
    assert.deepStrictEqual(await take[index](list.length), list);
  }
}

describe('A message that is compressed once for all', () => {
  for (const wire of ['tcp', 'tls', 'duplex']) {
    it(`is understood between a connection's own, over ${wire}`, async (t) => {
      const perMessageDeflate = { threshold: 0 };
      const server = { perMessageDeflate };
      const audience = await openAudience(t, { server, wire });

      await mix(audience, seriesOf(1));
    });
  }

  it('is understood by ws, with every parameter of the extension', async (t) => {
    for (const [index, options] of everyParameter().entries()) {
      const audience = await openAudience(t, {
        client: { perMessageDeflate: options },
        Client: WS,
        count: 2,
        server: { perMessageDeflate: options }
      });

      await mix(audience, seriesOf(index + 1).slice(0, 12));
      audience.clients.forEach((client) => client.terminate());
    }
  });

  it('is understood where windows of different sizes were agreed on', async (t) => {
    const server = { perMessageDeflate: { threshold: 0 } };
    const audience = await openAudience(t, { count: 2, server });

    for (const serverMaxWindowBits of [9, 12]) {
      const connected = once(audience.wss, 'connection');
      const client = new WS(`ws://127.0.0.1:${audience.port}`, {
        perMessageDeflate: { serverMaxWindowBits }
      });

      audience.take.push(inbox(client));
      audience.clients.push(client);
      audience.ws.push((await connected)[0]);
      await once(client, 'open');
    }
    await mix(audience, seriesOf(3));
  });

  it(
    'is understood by undici, whose WebSocket is that of Node',
    { skip: noUndici },
    async (t) => {
      const server = { perMessageDeflate: { threshold: 0 } };
      const audience = await openAudience(t, { count: 1, server });
      const connected = once(audience.wss, 'connection');
      const client = new undici.WebSocket(`ws://127.0.0.1:${audience.port}`);
      const received = [];
      const waiting = new Promise((resolve) => {
        client.onmessage = ({ data }) => {
          received.push(data);
          if (data === 'end') resolve();
        };
      });
      const [ws] = await connected;
      const expected = [];

      t.after(() => client.close());
      for (const text of seriesOf(5)) {
        ws.send(text);
        audience.wss.broadcast(`all ${text}`);
        expected.push(text, `all ${text}`);
      }
      ws.send('end');
      await waiting;
      assert.deepStrictEqual(received, [...expected, 'end']);
    }
  );

  it('is understood with dictionaries, also by who has sent nothing', async (t) => {
    const dictionary = Buffer.from(TEXT);
    const perMessageDeflate = {
      threshold: 0,
      zlibDeflateOptions: { dictionary },
      zlibInflateOptions: { dictionary }
    };
    const audience = await openAudience(t, {
      client: { perMessageDeflate },
      Client: WS,
      server: { perMessageDeflate }
    });

    audience.wss.broadcast(`first ${TEXT} and no more`);
    for (const take of audience.take) {
      assert.deepStrictEqual(await take(1), [`first ${TEXT} and no more`]);
    }
    // What the dictionary has is not what the peer was sent last.
    await mix(
      audience,
      seriesOf(7).map((text) => TEXT + text.slice(0, 40))
    );
  });

  it('is understood after a context that was given up for being idle', async (t) => {
    const dictionary = Buffer.from(TEXT);
    const perMessageDeflate = {
      idleTimeout: 4,
      threshold: 0,
      zlibDeflateOptions: { dictionary },
      zlibInflateOptions: { dictionary }
    };
    const audience = await openAudience(t, {
      client: { perMessageDeflate },
      count: 1,
      server: { perMessageDeflate }
    });
    const [ws] = audience.ws;
    const { _deflate: none } = ws._extensions['permessage-deflate'];

    assert.strictEqual(none, null);
    for (const text of [TEXT, `second ${TEXT}`, `third ${TEXT}`]) {
      ws.send(text);
      audience.wss.broadcast(`all ${text}`);
      assert.deepStrictEqual(await audience.take[0](2), [text, `all ${text}`]);

      const { _deflate: deflater } = ws._extensions['permessage-deflate'];

      while (deflater.idleSince !== -1) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  });

  it('goes uncompressed below the threshold, or if it may not be', async (t) => {
    const connect = await start(
      t,
      'server',
      { perMessageDeflate: { threshold: 100 } },
      'permessage-deflate'
    );
    const conversation = await connect();
    const { ws } = conversation;
    const broadcast = (text, options) =>
      require('../../lib/fanout/broadcast')([ws], text, options);

    broadcast('a'.repeat(99));
    broadcast('a'.repeat(100), { compress: false });
    broadcast('a'.repeat(100));
    broadcast('a'.repeat(20000));

    const frames = await conversation.received(4);

    assert.deepStrictEqual(
      frames.map(({ rsv }) => rsv),
      [0, 0, 4, 4]
    );
    assert.ok(frames[3].payload.length < 200);
  });

  it('refers to nothing before it, and what comes next refers to it', async (t) => {
    const connect = await start(
      t,
      'server',
      { perMessageDeflate: { threshold: 0 } },
      toHeader({ clientMaxWindowBits: 15, serverMaxWindowBits: 15 })
    );
    const conversation = await connect();
    const { ws } = conversation;
    const unique = textOf(3000);

    ws.send('own');
    require('../../lib/fanout/broadcast')([ws], unique);
    ws.send(unique);

    const [, shared, own] = await conversation.received(3);

    // Only its end may be remembered, which is all of it here.
    assert.ok(own.payload.length < shared.payload.length / 10);
  });

  it("keeps its place among a connection's own while threads compress", async (t) => {
    const server = { perMessageDeflate: true };
    const audience = await openAudience(t, { server });
    const long = textOf(300_000);
    const expected = [];

    for (let i = 0; i < 5; i++) {
      audience.wss.broadcast(`${i} ${long}`);
      audience.ws.forEach((ws) => ws.send(`own ${i}`));
      assert.ok(audience.ws[0].bufferedAmount >= long.length);
      expected.push(`${i} ${long}`, `own ${i}`);
    }
    for (const take of audience.take) {
      assert.deepStrictEqual(await take(10), expected);
    }
    assert.strictEqual(audience.ws[0].bufferedAmount, 0);
  });

  it('is nothing to those who are left when one closes meanwhile', async (t) => {
    const server = { perMessageDeflate: true };
    const audience = await openAudience(t, { server });
    const long = textOf(300_000);

    audience.wss.broadcast(long);
    audience.ws[0].terminate();
    audience.ws[1].close();
    assert.deepStrictEqual(await audience.take[2](1), [long]);
    assert.deepStrictEqual(await audience.take[1](1), [long]);
  });

  it('ends a connection whose write() throws, and nothing else', async (t) => {
    const server = { perMessageDeflate: true };
    const audience = await openAudience(t, { count: 2, server });
    const [ws] = audience.ws;
    const long = textOf(300_000);
    const closed = once(ws, 'close');

    ws._socket.write = () => {
      throw new Error('as a program does');
    };
    audience.wss.broadcast(long);

    const lost = new Promise((resolve) => ws.send('behind', resolve));

    assert.deepStrictEqual(await audience.take[1](1), [long]);
    assert.match(
      (await lost).message,
      /closed while data was being compressed/
    );
    assert.strictEqual((await closed)[0], 1006);
  });

  it('is compressed by a connection whose compress() somebody replaced', async (t) => {
    const server = { perMessageDeflate: { threshold: 0 } };
    const audience = await openAudience(t, { count: 2, server });
    const { 'permessage-deflate': pmd } = audience.ws[0]._extensions;
    const seen = [];

    pmd.compress = function (data, fin, callback) {
      seen.push(data.toString());
      PerMessageDeflate.prototype.compress.call(this, data, fin, callback);
    };
    audience.wss.broadcast(TEXT);
    assert.deepStrictEqual(await audience.take[0](1), [TEXT]);
    assert.deepStrictEqual(await audience.take[1](1), [TEXT]);
    assert.deepStrictEqual(seen, [TEXT]);
  });

  it('is one call for those on the native wire', { skip }, async (t) => {
    const { peer, client } = await openPair(t, {
      server: { perMessageDeflate: { threshold: 0 } }
    });
    const take = inbox(client);

    for (let i = 0; peer.transport !== 'loop'; i++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    require('../../lib/fanout/broadcast')([peer], TEXT);
    // Its own sender would have been made.
    assert.strictEqual(peer[kConnection].output.sender, null);
    assert.deepStrictEqual(await take(1), [TEXT]);
  });
});
