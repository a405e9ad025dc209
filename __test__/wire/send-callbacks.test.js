'use strict';

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const { describe, it } = require('node:test');

const {
  inContext,
  PendingCallback,
  settle
} = require('../../lib/wire/send-callbacks');
const { tick } = require('../support/events');

describe('The callback of a frame', () => {
  it('is called in the tick after the send if the frame was written', () => {
    const log = [];
    const pending = new PendingCallback((err) => log.push(err));

    settle([pending])();
    assert.deepStrictEqual(log, []);
    inContext(pending);
    assert.deepStrictEqual(log, [undefined]);
  });

  it('is called when the frame is written if that takes longer', () => {
    const log = [];
    const pending = new PendingCallback((err) => log.push(err));

    inContext(pending);
    assert.deepStrictEqual(log, []);
    settle([pending])();
    assert.deepStrictEqual(log, [undefined]);
  });

  it('gets the error before and after that tick', () => {
    const error = new Error('Oops');
    const log = [];
    const early = new PendingCallback((err) => log.push(['early', err]));
    const late = new PendingCallback((err) => log.push(['late', err]));

    inContext(late);
    settle([early, late])(error);
    inContext(early);
    assert.deepStrictEqual(log, [
      ['late', error],
      ['early', error]
    ]);
  });

  it('runs in the async context of whoever sent, however late', () => {
    const storage = new AsyncLocalStorage();
    const log = [];
    const pending = new PendingCallback(() => log.push(storage.getStore()));

    storage.run('sender', () => inContext(pending));
    storage.run('writer', () => settle([pending])());
    assert.deepStrictEqual(log, ['sender']);
  });
});

describe('A callback that its stream calls before its tick', () => {
  const passTick = () => true;

  it('is called at once if the writer says so, and not again in its tick', () => {
    const error = new Error('Oops');
    const log = [];
    const pending = new PendingCallback((err) => log.push(err));

    settle([pending], { passTick })(error);
    assert.deepStrictEqual(log, [error]);
    inContext(pending);
    assert.deepStrictEqual(log, [error]);
  });

  it('may throw, and is not called again', () => {
    const log = [];
    const pending = new PendingCallback(() => {
      log.push('called');
      throw new Error('Oops');
    });

    assert.throws(() => settle([pending], { passTick })(), /Oops/);
    inContext(pending);
    assert.deepStrictEqual(log, ['called']);
  });

  it('waits for its tick if the writer says so', () => {
    const log = [];
    const pending = new PendingCallback((err) => log.push(err));

    settle([pending], { passTick: () => false })();
    assert.deepStrictEqual(log, []);
    inContext(pending);
    assert.deepStrictEqual(log, [undefined]);
  });
});

describe('The callbacks of frames that are written together', () => {
  it('are none where nobody wants to know', () => {
    assert.strictEqual(settle(null), undefined);
  });

  it('are called in order, each once', () => {
    const log = [];
    const list = [1, 2, 3].map((n) => new PendingCallback(() => log.push(n)));

    list.forEach(inContext);
    settle(list)();
    assert.deepStrictEqual(log, [1, 2, 3]);
  });

  it('are all called though some throw, which is not swallowed', async (t) => {
    const log = [];
    const thrown = [];
    const list = [1, 2, 3, 4].map(
      (n) =>
        new PendingCallback((err) => {
          log.push([n, err]);
          if (n % 2 === 0) throw new Error(`Oops ${n}`);
        })
    );
    const error = new Error('not written');

    process.setUncaughtExceptionCaptureCallback((err) => {
      thrown.push(err.message);
    });
    t.after(() => process.setUncaughtExceptionCaptureCallback(null));
    list.forEach(inContext);
    assert.strictEqual(settle(list)(error), false);
    assert.strictEqual(log.length, 2);
    while (log.length < 4 || thrown.length < 2) await tick();
    assert.deepStrictEqual(
      log,
      [1, 2, 3, 4].map((n) => [n, error])
    );
    assert.deepStrictEqual(thrown, ['Oops 2', 'Oops 4']);
  });
});
