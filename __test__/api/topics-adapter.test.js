'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');
const { setImmediate: turn } = require('node:timers/promises');

const { turns } = require('../support/loop');
const { MemoryBroker } = require('../support/memory-broker');
const { HEAD, openBoth } = require('../support/two-topics');
const { Topics } = require('../../index');

describe('Topics with an adapter', () => {
  it('reach the connections of all processes, each of them once', async (t) => {
    const { here, there } = await openBoth(t);

    assert.strictEqual(here.topics.publish('room', 'from here'), 2);
    assert.strictEqual(there.topics.publish('room', 'from there'), 2);
    assert.strictEqual(here.topics.publish('room', 'end'), 2);
    for (const take of [...here.take, ...there.take]) {
      assert.deepStrictEqual(await take(3), ['from here', 'from there', 'end']);
    }
  });

  it('keep text text and binary binary, empty messages, too', async (t) => {
    const { here, there } = await openBoth(t);
    const bytes = Buffer.from([0, 255, 128]);

    here.topics.publish('room', '');
    here.topics.publish('room', Buffer.alloc(0));
    here.topics.publish('room', '\u{1f600}');
    here.topics.publish('room', bytes);
    here.topics.publish('room', Buffer.from('text'), { binary: false });
    here.topics.publish('room', 'binary', { binary: true });
    here.topics.publish('room', 17);
    for (const take of [here.take[0], there.take[0]]) {
      assert.deepStrictEqual(await take(7), [
        '',
        Buffer.alloc(0),
        '\u{1f600}',
        bytes,
        'text',
        Buffer.from('binary'),
        '17'
      ]);
    }
  });

  it('may compress there what they may compress here', async (t) => {
    const server = { perMessageDeflate: { threshold: 0 } };
    const { here, there } = await openBoth(t, { server });
    const text = 'again and again '.repeat(1000);
    const before = there.clients[0]._socket.bytesRead;

    here.topics.publish('room', text);
    assert.deepStrictEqual(await there.take[0](1), [text]);
    assert.ok(there.clients[0]._socket.bytesRead - before < 1000);
    here.topics.publish('room', text, { compress: false });
    assert.deepStrictEqual(await there.take[0](1), [text]);
    assert.ok(there.clients[0]._socket.bytesRead - before > text.length);
  });

  it('pass over "except" in this process only', async (t) => {
    const { here, there } = await openBoth(t);

    here.topics.publish('room', 'a', { except: [here.ws[0], there.ws[0]] });
    here.topics.publish('room', 'b', { except: () => true });
    here.topics.publish('room', 'end');
    assert.deepStrictEqual(await here.take[0](1), ['end']);
    assert.deepStrictEqual(await here.take[1](2), ['a', 'end']);
    assert.deepStrictEqual(await there.take[0](3), ['a', 'b', 'end']);
  });

  it('send to others what nobody here subscribes to', async (t) => {
    const { here, there } = await openBoth(t);

    there.topics.subscribe(there.ws[0], 'there');
    assert.strictEqual(here.topics.publish('there', 'hello'), 0);
    assert.deepStrictEqual(await there.take[0](1), ['hello']);
    assert.strictEqual(here.topics.publish('nobody', 'hello'), 0);
  });

  it('send nothing that was refused here', async (t) => {
    const { here } = await openBoth(t);

    function except() {
      throw new Error('not now');
    }
    assert.throws(() => here.topics.publish('room', undefined), TypeError);
    assert.throws(
      () => here.topics.publish('room', 'a', { except: 1 }),
      TypeError
    );
    assert.throws(
      () => here.topics.publish('room', 'a', { except }),
      /not now/
    );
    assert.deepStrictEqual(here.adapter.takeCalls(), []);
  });

  it('have a name at the broker while it has subscribers', async (t) => {
    const { here } = await openBoth(t);
    const { adapter, clients, topics, ws } = here;

    topics.subscribe(ws[0], 'second');
    topics.subscribe(ws[1], 'second');
    assert.deepStrictEqual(adapter.takeCalls(), ['subscribe second']);
    topics.unsubscribe(ws[0], 'second');
    assert.deepStrictEqual(adapter.takeCalls(), []);
    topics.unsubscribe(ws[1], 'second');
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe second']);
    topics.unsubscribe(ws[1], 'second');
    assert.deepStrictEqual(adapter.takeCalls(), []);

    topics.subscribe(ws[1], 'third');
    adapter.takeCalls();
    topics.unsubscribe(ws[1]);
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe third']);

    clients[0].close();
    await once(ws[0], 'close');
    await turns();
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe room']);
    assert.strictEqual(topics.size('room'), 0);
  });

  it('give names up when connections break', async (t) => {
    const { here } = await openBoth(t);

    here.topics.subscribe(here.ws[0], 'mine');
    here.adapter.takeCalls();
    here.ws[0].terminate();
    await once(here.ws[0], 'close');
    await turns();
    assert.deepStrictEqual(here.adapter.takeCalls(), ['unsubscribe mine']);
    assert.strictEqual(here.topics.size('room'), 1);
  });

  it('are ready when the broker knows all names', async (t) => {
    const { here } = await openBoth(t);
    let isReady = false;

    await here.topics.ready();
    here.adapter.isHeld = true;
    here.topics.subscribe(here.ws[0], 'late');

    const ready = here.topics.ready().then(() => (isReady = true));

    await turn();
    assert.strictEqual(isReady, false);
    await here.adapter.release();
    await ready;
    await new Topics().ready();
  });

  it('take what another program puts into an envelope', async (t) => {
    const { broker, here } = await openBoth(t);

    broker.publish('room', new Uint8Array([...HEAD, 104, 105]));
    assert.deepStrictEqual(await here.take[0](1), ['hi']);
  });

  it('may be published to and closed in a listener of the same topic', async (t) => {
    const { here, there } = await openBoth(t);

    here.ws[0].on('message', () => {
      here.topics.publish('room', 'answer');
      here.topics.close();
      assert.throws(() => here.topics.publish('room', 'late'), /closed/);
    });
    here.clients[0].send('question');
    for (const take of [...here.take, ...there.take]) {
      assert.deepStrictEqual(await take(1), ['answer']);
    }
  });

  it('are silent once they are closed', async (t) => {
    const { broker, here, there } = await openBoth(t);
    const listener = here.adapter.listeners.get('room');
    let reconnects = 0;

    here.topics.on('reconnect', () => reconnects++);
    here.adapter.isHeld = true;

    const closing = here.topics.close();

    assert.strictEqual(here.topics.close() instanceof Promise, true);
    await here.adapter.release();
    await Promise.all([closing, here.topics.close()]);
    assert.deepStrictEqual(here.adapter.takeCalls(), ['close']);
    listener(Buffer.from('rubbish'));
    listener(Buffer.concat([HEAD, Buffer.from('late')]));
    here.adapter.emit('error', new Error('late'));
    here.adapter.emit('reconnect');
    here.ws[0].terminate();
    there.topics.publish('room', 'there');
    await there.take[0](1);
    await turns();
    assert.deepStrictEqual([here.errors, reconnects], [[], 0]);
    assert.strictEqual(broker.adapters.size, 1);
    await assert.rejects(here.topics.ready(), /these topics were closed/i);
  });

  it('refuse what is no adapter, and one that has its Topics', () => {
    const adapter = new MemoryBroker().adapter();

    const client = { duplicate() {}, sendCommand() {} };

    for (const name of ['publish', 'subscribe', 'unsubscribe', 'close']) {
      client[name] = () => {};
    }
    assert.throws(() => new Topics({ adapter: client }), {
      message: /new RedisAdapter\(client\)/,
      name: 'TypeError'
    });
    assert.throws(() => new Topics({ adapter: {} }), {
      message: /has no publish\(\), subscribe\(\), unsubscribe\(\), close\(\)/,
      name: 'TypeError'
    });
    for (const wrong of ['redis://', 1, () => {}]) {
      assert.throws(() => new Topics({ adapter: wrong }), TypeError);
      assert.throws(() => new Topics(wrong), TypeError);
    }
    assert.throws(() => new Topics(adapter), /new Topics\(\{ adapter \}\)/);
    for (const maxPending of [0, -1, NaN]) {
      assert.throws(() => new Topics({ adapter, maxPending }), RangeError);
      assert.throws(() => new Topics({ maxPending }), RangeError);
    }
    for (const maxPending of ['many', '5', null]) {
      assert.throws(() => new Topics({ adapter, maxPending }), TypeError);
    }
    new Topics({ adapter });
    assert.throws(() => new Topics({ adapter }), /belongs to other Topics/);
    for (const none of [undefined, null, {}, { adapter: undefined }]) {
      assert.strictEqual(new Topics(none).publish('room', 'a'), 0);
    }
  });
});
