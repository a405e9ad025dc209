'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { openAudience } = require('../support/audience');
const { MemoryBroker } = require('../support/memory-broker');
const { Topics } = require('../../index');

/** Listens, and gives what was heard as `[text or bytes]`. */
function hear(topics, name) {
  const heard = [];
  const stop = topics.listen(name, (data, isBinary) => {
    heard.push(isBinary ? data : data.toString());
  });

  return { heard, stop };
}

describe('Topics.listen()', () => {
  it('hears what is published in this process', () => {
    const topics = new Topics();
    const { heard, stop } = hear(topics, 'room');

    assert.strictEqual(topics.publish('room', 'a'), 0);
    topics.publish('other', 'b');
    topics.publish('room', new Uint8Array([1]).buffer);
    assert.strictEqual(stop(), true);
    assert.strictEqual(stop(), false);
    topics.publish('room', 'c');
    assert.deepStrictEqual(heard, ['a', Buffer.from([1])]);
  });

  it('hears what other processes publish, without any connection', () => {
    const broker = new MemoryBroker();
    const adapter = broker.adapter();
    const here = new Topics({ adapter });
    const there = new Topics({ adapter: broker.adapter() });
    const one = hear(here, 'room');
    const two = hear(here, 'room');

    there.publish('room', 'a');
    here.publish('room', 'b');
    one.stop();
    there.publish('room', 'c');
    assert.deepStrictEqual(adapter.takeCalls(), [
      'subscribe room',
      'publish room'
    ]);
    two.stop();
    there.publish('room', 'd');
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe room']);
    assert.deepStrictEqual(one.heard, ['a', 'b']);
    assert.deepStrictEqual(two.heard, ['a', 'b', 'c']);
  });

  it('keeps a name at the broker with connections or without', async (t) => {
    const { topics, adapter, ws } = await openRoom(t);
    const { stop } = hear(topics, 'room');

    topics.subscribe(ws[0], 'room');
    topics.unsubscribe(ws[0], 'room');
    topics.subscribe(ws[0], 'room');
    stop();
    assert.deepStrictEqual(adapter.takeCalls(), ['subscribe room']);
    topics.unsubscribe(ws[0], 'room');
    assert.deepStrictEqual(adapter.takeCalls(), ['unsubscribe room']);
  });

  it('hears a message behind the connections that got it', async (t) => {
    const { take, topics, ws } = await openRoom(t);

    topics.subscribe(ws[0], 'room');
    topics.listen('room', () => ws[0].send('heard'));
    topics.publish('room', 'said');
    assert.deepStrictEqual(await take[0](2), ['said', 'heard']);
  });

  it('may be ended and begun while a message is heard', () => {
    const topics = new Topics();
    const late = [];
    const stop = topics.listen('room', () => {
      stop();
      topics.listen('room', (data) => late.push(data.toString()));
    });

    topics.publish('room', 'a');
    topics.publish('room', 'b');
    assert.deepStrictEqual(late, ['b']);
  });

  it('may be begun in a function "except" of the message', async (t) => {
    const { ws } = await openRoom(t);
    const topics = new Topics();
    const heard = [];

    topics.subscribe(ws[0], 'room');
    topics.publish('room', 'a', {
      except() {
        topics.listen('room', (data) => heard.push(`${data}`));
        return true;
      }
    });
    assert.deepStrictEqual(heard, ['a']);
  });

  it('has all hear the same order, also of what they publish meanwhile', async (t) => {
    const { take, topics, ws } = await openRoom(t);
    const answers = { a: ['b', 'c'], b: ['d'] };
    const first = hear(topics, 'room');

    topics.subscribe(ws[0], 'room');
    topics.listen('room', (data) => {
      for (const text of answers[data] ?? []) topics.publish('room', text);
    });
    topics.listen('room', (data) => {
      if (`${data}` === 'a') topics.publish('room', 'e');
    });

    const last = hear(topics, 'room');

    topics.publish('room', 'a');
    topics.publish('room', 'end');

    const order = ['a', 'b', 'e', 'd', 'c', 'end'];

    assert.deepStrictEqual(await take[0](6), order);
    assert.deepStrictEqual(first.heard, order);
    assert.deepStrictEqual(last.heard, order);
  });

  it('is not called any more once it was ended, or all was closed', () => {
    for (const end of ['stop', 'close']) {
      const topics = new Topics();
      const late = [];

      topics.listen('room', () => {
        if (end === 'stop') stop();
        else topics.close();
      });

      const stop = topics.listen('room', (data) => late.push(data));

      topics.publish('room', 'a');
      assert.deepStrictEqual(late, []);
    }
  });

  it('gives bytes that the program may not change any more', () => {
    const topics = new Topics();
    const { heard } = hear(topics, 'room');
    const data = Buffer.from('first');

    topics.publish('room', data);
    data.fill(0);
    assert.deepStrictEqual(heard, [Buffer.from('first')]);
  });

  it('gives bytes that are nothing to connections that get them later', async (t) => {
    const { take, topics, ws } = await openRoom(t);

    topics.subscribe(ws[0], 'room');
    topics.listen('room', (data) => data.fill(0));
    ws[0].send('a long ', { fin: false });
    topics.publish('room', 'text');
    topics.publish('room', Buffer.from('bytes'));
    ws[0].send('message', { fin: true });
    assert.deepStrictEqual(await take[0](3), [
      'a long message',
      'text',
      Buffer.from('bytes')
    ]);
  });

  it('refuses what is no name or no function, and closed Topics', () => {
    const topics = new Topics();

    assert.throws(() => topics.listen(1, () => {}), /name is a string/);
    assert.throws(() => topics.listen('room'), /is a function/);

    const { stop } = hear(topics, 'room');

    topics.close();
    stop();
    assert.throws(() => topics.listen('room', () => {}), /closed/);
  });
});

async function openRoom(t) {
  const audience = await openAudience(t, { count: 1 });
  const adapter = new MemoryBroker().adapter();

  return { ...audience, adapter, topics: new Topics({ adapter }) };
}
