'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { create, finished, inflating } = require('../support/decoder');
const { hex } = require('../support/events');
const Tick = require('../../lib/wire/tick');

describe('Feeding a decoder', () => {
  it('hands out the events of a chunk, then says that it is done', () => {
    const decoder = create();

    decoder.feed(hex('81 01 61  82 01 62  89 01 63  8a 01 64'));
    assert.deepStrictEqual(decoder.sink.log, [
      'text a',
      'binary b',
      'ping c',
      'pong d',
      'done'
    ]);
    assert.strictEqual(decoder.busy, false);
    decoder.free();
  });

  it('hands out more events than one batch has room for', () => {
    const decoder = create();

    decoder.feed(Buffer.alloc(3 * 1000, hex('81 01 61')));
    assert.strictEqual(decoder.sink.log.length, 1001);
    assert.deepStrictEqual(
      new Set(decoder.sink.log),
      new Set(['text a', 'done'])
    );
    decoder.free();
  });

  it('ignores what is behind a close frame, and every later chunk', () => {
    const decoder = create();

    decoder.feed(hex('88 02 03 e8  81 01 61'));
    decoder.feed(hex('81 01 61'));
    assert.deepStrictEqual(decoder.sink.log, ['close 1000 ', 'done', 'done']);
    assert.strictEqual(decoder.concluded, true);
    decoder.free();
  });

  it('has nobody wait for what is behind a close frame', () => {
    const decoder = create();
    const log = [];

    decoder.sink.onMessage = () => log.push(Tick.hasMoreMessages);
    decoder.sink.onConclude = () => log.push(Tick.hasMoreMessages);
    decoder.feed(hex('81 01 61  88 02 03 e8  81 01 61'));
    assert.deepStrictEqual(log, [true, false]);
    decoder.free();
  });

  it('ignores everything after an error', () => {
    const decoder = create();

    decoder.feed(hex('81 01 61  83 00  81 01 61'));
    decoder.feed(hex('81 01 61'));
    assert.deepStrictEqual(decoder.sink.log, [
      'text a',
      'failed WS_ERR_INVALID_OPCODE',
      'done'
    ]);
    assert.strictEqual(decoder.failed, true);
    decoder.free();
  });

  it('inflates messages one by one, and is busy meanwhile', async () => {
    const decoder = create({ extensions: inflating() });

    decoder.feed(hex('c1 04 f2 c8 04 00  81 01 61  c1 04 f2 c8 04 00'));
    assert.strictEqual(decoder.state, 5);
    assert.strictEqual(decoder.busy, true);
    assert.deepStrictEqual(decoder.sink.log, []);

    await finished(decoder);
    assert.strictEqual(decoder.state, 0);
    assert.deepStrictEqual(decoder.sink.log, [
      ...['text Hi', 'text a', 'text Hi', 'done']
    ]);
    decoder.free();
  });

  it('assembles the inflated fragments of a message', async () => {
    const decoder = create({ extensions: inflating() });

    // RFC 7692, section 7.2.3.1: "Hello" in two fragments.
    decoder.feed(hex('41 03 f2 48 cd  89 01 70  80 04 c9 c9 07 00'));
    await finished(decoder);
    assert.deepStrictEqual(decoder.sink.log, ['ping p', 'text Hello', 'done']);
    decoder.free();
  });
});

describe('Listeners that do more', () => {
  it('may feed another decoder, which may feed a third', () => {
    const decoders = Array.from({ length: 8 }, () => create());
    const log = [];

    decoders.forEach((decoder, depth) => {
      decoder.sink.onMessage = (data) => {
        log.push(`${depth}${data}`);
        decoders[depth + 1]?.feed(hex('81 01 61  81 01 62'));
      };
    });
    decoders[0].feed(hex('81 01 61  81 01 62'));

    // Every message makes two at the next depth.
    assert.strictEqual(log.length, 2 ** 9 - 2);
    assert.deepStrictEqual(
      log.filter((entry) => entry.startsWith('0')),
      ['0a', '0b']
    );
    assert.deepStrictEqual(log.slice(0, 10), [
      ...['0a', '1a', '2a', '3a', '4a', '5a', '6a', '7a', '7b', '6b']
    ]);
    for (const decoder of decoders) decoder.free();
  });

  it('may feed another decoder that assembles a message in memory', () => {
    const outer = create();
    const inner = create();

    outer.sink.onMessage = (data) => {
      outer.sink.log.push(`text ${data}`);
      inner.feed(hex('01 01 63  80 01 64'));
    };
    outer.feed(hex('01 01 61  80 01 62  01 01 65  80 01 66'));
    assert.deepStrictEqual(outer.sink.log, ['text ab', 'text ef', 'done']);
    assert.deepStrictEqual(inner.sink.log, [
      ...['text cd', 'done', 'text cd', 'done']
    ]);
    outer.free();
    inner.free();
  });
});
