'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { create, finished } = require('../support/decoder');
const { evaluate } = require('../support/programs');
const { hex, tick } = require('../support/events');

describe('Without synchronous events', () => {
  it('hands out one event in each macrotask', async () => {
    const decoder = create({ allowSynchronousEvents: false });

    decoder.sink.onMessage = (data) => {
      decoder.sink.log.push(`text ${data}`);
      Promise.resolve().then(() => decoder.sink.log.push('microtask'));
      process.nextTick(() => decoder.sink.log.push('tick'));
    };
    decoder.feed(hex('81 01 61  81 01 62'));
    assert.deepStrictEqual(decoder.sink.log, []);

    await finished(decoder);
    await tick();
    const order = decoder.sink.log.join();

    assert.match(order, /^text a,(tick,microtask|microtask,tick),text b/);
    decoder.free();
  });

  it('hands out a close frame at once, even one event a macrotask', async () => {
    const decoder = create({ allowSynchronousEvents: false });

    decoder.feed(hex('81 01 61  88 02 03 e8'));
    assert.deepStrictEqual(decoder.sink.log, []);
    await tick();
    assert.deepStrictEqual(decoder.sink.log, ['text a', 'close 1000 ', 'done']);
    decoder.free();

    const other = create({ allowSynchronousEvents: false });

    other.feed(hex('88 02 03 e8'));
    assert.deepStrictEqual(other.sink.log, ['close 1000 ', 'done']);
    other.free();
  });

  it('gives a message the form that was asked for when it came', async () => {
    for (const frames of ['82 01 61', '02 01 61  80 00']) {
      const decoder = create({ allowSynchronousEvents: false });
      const forms = [];

      decoder.sink.onMessage = (data) => forms.push(data.constructor.name);
      decoder.feed(hex(`${frames}  ${frames}  ${frames}`));
      decoder.binaryType = 'arraybuffer';
      // The second one is decoded behind the first.
      await tick();
      decoder.binaryType = 'fragments';
      await finished(decoder);

      assert.deepStrictEqual(forms, ['Buffer', 'ArrayBuffer', 'Array']);
      decoder.free();
    }
  });
});

describe('A listener', () => {
  it('may throw: feed() does too, and the other events follow', async () => {
    const decoder = create();
    const error = new Error('Oops');

    decoder.sink.onMessage = (data) => {
      decoder.sink.log.push(`text ${data}`);
      if (String(data) === 'b') throw error;
    };
    assert.throws(() => decoder.feed(hex('81 01 61 81 01 62 81 01 63')), error);
    assert.deepStrictEqual(decoder.sink.log, ['text a', 'text b']);
    assert.strictEqual(decoder.busy, true);

    await finished(decoder);
    assert.deepStrictEqual(decoder.sink.log.slice(2), ['text c', 'done']);
    decoder.free();
  });

  it('may throw at the last event of a chunk', async () => {
    const decoder = create();

    decoder.sink.onMessage = () => {
      throw new Error('Oops');
    };
    assert.throws(() => decoder.feed(hex('81 01 61')), { message: 'Oops' });
    await finished(decoder);
    assert.deepStrictEqual(decoder.sink.log, ['done']);
    decoder.free();
  });

  it('may throw before a message of several frames, which follows', async () => {
    const decoder = create();

    decoder.sink.onMessage = (data) => {
      decoder.sink.log.push(`text ${data}`);
      if (String(data) === 'a') throw new Error('Oops');
    };
    assert.throws(() => decoder.feed(hex('81 01 61  01 01 62  80 01 63')), {
      message: 'Oops'
    });
    await finished(decoder);
    assert.deepStrictEqual(decoder.sink.log, ['text a', 'text bc', 'done']);
    decoder.free();
  });

  it('may throw at each event of a chunk, by themselves', async () => {
    const log = await evaluate(async () => {
      const Receiver = require('./lib/receiver');
      const receiver = new Receiver();
      const log = [];

      process.on('uncaughtException', (err) => log.push(err.message));
      receiver.on('message', (data) => {
        throw new Error(String(data));
      });
      setImmediate(() => {
        receiver.write(Buffer.from('810161810162810163', 'hex'), () => {
          console.log(JSON.stringify(log));
        });
      });
    });

    assert.deepStrictEqual(log, ['a', 'b', 'c']);
  });
});
