'use strict';

/* global serve -- programs begin with it */

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { openAudience, takeAll, WIRES } = require('../support/audience');
const { turns } = require('../support/loop');
const { openDuplexPair, openPair } = require('../support/pairs');
const { inbox, textOf } = require('../support/peers');
const { evaluate } = require('../support/programs');
const WebSocket = require('../../index');

const { Topics } = WebSocket;

/** Connections that all subscribe to `room`. */
async function openRoom(t, options) {
  const audience = await openAudience(t, options);

  audience.topics = new Topics();
  for (const ws of audience.ws) audience.topics.subscribe(ws, 'room');
  return audience;
}

describe('Topics', () => {
  for (const wire of WIRES) {
    it(`give what is published to subscribers over ${wire}`, async (t) => {
      const { take, topics, ws } = await openRoom(t, { wire });

      topics.subscribe(ws[0], 'other');
      assert.strictEqual(topics.publish('room', 'a'), 3);
      assert.strictEqual(topics.publish('other', Buffer.from('b')), 1);
      assert.strictEqual(topics.publish('room', textOf(70000)), 3);
      assert.deepStrictEqual(await take[0](3), [
        'a',
        Buffer.from('b'),
        textOf(70000)
      ]);
      assert.deepStrictEqual(await take[1](2), ['a', textOf(70000)]);
    });
  }

  it('say who subscribes to what', async (t) => {
    const { topics, ws } = await openRoom(t);

    assert.strictEqual(topics.subscribe(ws[0], 'room'), false);
    assert.strictEqual(topics.subscribe(ws[0], 'second'), true);
    assert.deepStrictEqual(topics.of(ws[0]), ['room', 'second']);
    assert.deepStrictEqual(topics.of(ws[1]), ['room']);
    assert.strictEqual(topics.size('room'), 3);
    assert.strictEqual(topics.size('nobody'), 0);
    assert.strictEqual(topics.unsubscribe(ws[0], 'nobody'), false);
    assert.strictEqual(topics.unsubscribe(ws[0], 'second'), true);
    assert.strictEqual(topics.unsubscribe(ws[0], 'second'), false);
    assert.strictEqual(topics.unsubscribe(ws[1]), true);
    assert.strictEqual(topics.unsubscribe(ws[1]), false);
    assert.deepStrictEqual(topics.of(ws[1]), []);
    assert.strictEqual(topics.publish('room', 'left'), 2);
  });

  it('are known by any string, and apart from each other', async (t) => {
    const { take, topics, ws } = await openRoom(t, { count: 1 });
    const names = ['', ' ', 'ä', '\u{1f600}', '\ud800', '\udc00', 'a\0b', 'a'];

    for (const name of names) topics.subscribe(ws[0], name);
    assert.deepStrictEqual(topics.of(ws[0]), ['room', ...names]);
    for (const name of names) {
      assert.strictEqual(topics.size(name), 1);
      topics.publish(name, JSON.stringify(name));
    }
    assert.deepStrictEqual(
      await take[0](names.length),
      names.map((name) => JSON.stringify(name))
    );

    const others = new Topics();

    assert.strictEqual(others.size('room'), 0);
    assert.strictEqual(others.publish('room', 'nobody is here'), 0);
  });

  it('are for connections of several servers, and for clients', async (t) => {
    const [one, two] = [await openPair(t), await openPair(t)];
    const { client, peer } = openDuplexPair(t);
    const topics = new Topics();
    const ends = [one.peer, two.peer, peer, client];
    const takes = [one.client, two.client, client, peer].map(inbox);

    for (const ws of ends) topics.subscribe(ws, 'all');
    assert.strictEqual(topics.publish('all', 'hello'), 4);
    for (const take of takes) assert.deepStrictEqual(await take(1), ['hello']);
  });

  it('are left by connections that close', async (t) => {
    const { clients, topics, ws } = await openRoom(t);
    const closed = once(ws[0], 'close');

    ws[1].terminate();
    clients[0].close();
    await closed;
    await turns();
    assert.strictEqual(topics.size('room'), 1);
    assert.strictEqual(topics.publish('room', 'a'), 1);
    assert.deepStrictEqual(topics.of(ws[0]), []);
    assert.strictEqual(topics.unsubscribe(ws[0], 'room'), false);
    assert.strictEqual(topics.subscribe(ws[0], 'room'), false);
    assert.strictEqual(topics.size('room'), 1);
  });

  it('send nothing behind a close frame', async (t) => {
    const { clients, take, topics, ws } = await openRoom(t);

    ws[0].close(1000, 'enough');
    assert.strictEqual(topics.publish('room', 'late'), 2);
    assert.strictEqual((await once(clients[0], 'close'))[0], 1000);
    assert.deepStrictEqual(await take[1](1), ['late']);
  });

  it('refuse a connection that is not open yet, as send() does', (t) => {
    const client = new WebSocket('ws://127.0.0.1:1');

    client.on('error', () => {});
    assert.throws(
      () => new Topics().subscribe(client, 'room'),
      /not open: readyState 0 \(CONNECTING\)/
    );
  });

  it('refuse what is no WebSocket, and names that are no strings', async (t) => {
    const { topics, ws } = await openRoom(t, { count: 1 });

    for (const wrong of [undefined, null, {}, 'ws', { readyState: 1 }]) {
      assert.throws(() => topics.subscribe(wrong, 'room'), TypeError);
      assert.throws(() => topics.unsubscribe(wrong, 'room'), TypeError);
      assert.throws(() => topics.of(wrong), TypeError);
    }
    assert.throws(() => topics.subscribe('room', ws[0]), /not string$/);
    for (const wrong of [undefined, null, 1, Symbol('a'), ['room']]) {
      assert.throws(() => topics.subscribe(ws[0], wrong), /name is a string/);
      assert.throws(() => topics.publish(wrong, 'a'), /name is a string/);
      assert.throws(() => topics.size(wrong), /name is a string/);
    }
    assert.throws(() => topics.unsubscribe(ws[0], null), /name is a string/);
  });

  it('refuse data and options of wrong types, and give it to nobody', async (t) => {
    const { take, topics } = await openRoom(t);

    assert.throws(() => topics.publish('room', undefined), TypeError);
    assert.throws(() => topics.publish('room', new Blob([])), /arrayBuffer/);
    assert.throws(() => topics.publish('room', 'a', () => {}), /callback/);
    assert.throws(
      () => topics.publish('room', 'a', { except: 'me' }),
      /"except" is/
    );
    topics.publish('room', 'right');
    for (const one of take) assert.deepStrictEqual(await one(1), ['right']);
  });

  it('pass over those that "except" names', async (t) => {
    const { clients, take, topics, ws } = await openRoom(t);
    const excepts = [
      ws[0],
      [ws[0], clients[1]],
      new Set([ws[0]]),
      (one) => one === ws[0]
    ];

    for (const except of excepts) {
      assert.strictEqual(topics.publish('room', 'rest', { except }), 2);
    }
    topics.publish('room', 'end');
    assert.deepStrictEqual(await take[0](1), ['end']);
    assert.deepStrictEqual(await take[1](5), [...Array(4).fill('rest'), 'end']);
  });

  it('pass over nobody else for one that "except" names and that never subscribed', async () => {
    // It is about the very first connection of a process.
    const given = await evaluate(async () => {
      const wss = await serve();
      const topics = new WebSocket.Topics();
      const clients = [];
      const ends = [];

      for (let i = 0; i < 2; i++) {
        clients.push(new WebSocket(wss.url));
        ends.push((await once(wss, 'connection'))[0]);
      }

      topics.subscribe(ends[0], 'room');

      const excepts = [ends[1], clients[0], [undefined], new Set([ends[1]])];
      const given = excepts.map((except) =>
        topics.publish('room', 'a', { except })
      );

      console.log(JSON.stringify(given));
      process.exit();
    });

    assert.deepStrictEqual(given, [1, 1, 1, 1]);
  });

  it('may be published to, left and come to in a listener of the same', async (t) => {
    const { clients, take, topics, ws } = await openRoom(t);

    ws[0].on('message', (data) => {
      topics.publish('room', data.toString(), {
        except(one) {
          if (one === ws[1]) topics.unsubscribe(ws[2], 'room');
          return false;
        }
      });
      topics.subscribe(ws[2], 'room');
      topics.publish('room', 'second');
    });
    clients[0].send('first');
    for (const one of take) {
      assert.deepStrictEqual(await one(2), ['first', 'second']);
    }
  });

  it('wait for the end of a fragmented message, and for a Blob', async (t) => {
    const { take, topics, ws } = await openRoom(t);

    ws[0].send('one ', { fin: false });
    ws[1].send(new Blob(['blob']));
    assert.strictEqual(topics.publish('room', 'all'), 3);
    ws[0].send('two');
    assert.deepStrictEqual(await take[0](2), ['one two', 'all']);
    assert.deepStrictEqual(await take[1](2), [Buffer.from('blob'), 'all']);
    assert.deepStrictEqual(await take[2](1), ['all']);
    // Now they are in the middle of nothing.
    assert.strictEqual(topics.publish('room', 'again'), 3);
    assert.deepStrictEqual(await takeAll({ take }), Array(3).fill('again'));
  });

  it('compress what is published once, between what is sent otherwise', async (t) => {
    const server = { perMessageDeflate: { threshold: 0 } };
    const { take, topics, ws } = await openRoom(t, { server });
    const text = textOf(2000);

    for (let i = 0; i < 5; i++) {
      ws.forEach((one) => one.send(`own ${i} ${text}`));
      topics.publish('room', `all ${i} ${text}`);
    }
    for (const one of take) {
      assert.deepStrictEqual(
        await one(10),
        Array.from({ length: 10 }, (_, i) =>
          i % 2 === 0 ? `own ${i >> 1} ${text}` : `all ${i >> 1} ${text}`
        )
      );
    }
  });

  it('are gone when they are closed, for whoever uses them then', async (t) => {
    const { topics, ws } = await openRoom(t);

    topics.close();
    topics.close();
    for (const use of [
      () => topics.subscribe(ws[0], 'room'),
      () => topics.unsubscribe(ws[0]),
      () => topics.publish('room', 'a'),
      () => topics.size('room'),
      () => topics.of(ws[0])
    ]) {
      assert.throws(use, /these topics were closed: make new ones/i);
    }
    assert.strictEqual(new Topics().subscribe(ws[0], 'room'), true);
  });
});
