'use strict';

const assert = require('node:assert');
const { EventEmitter, once } = require('node:events');
const { describe, it } = require('node:test');

const emitMessage = require('../../lib/connection/message-event');

const data = Buffer.from('a');

/** A listener that notes what it was called with, `this` first. */
function listenTo(emitter, log, name) {
  return function listener(...args) {
    assert.strictEqual(this, emitter);
    log.push([name, ...args]);
  };
}

describe("The event 'message'", () => {
  it('is nothing without listeners', () => {
    emitMessage(new EventEmitter(), data, true);
  });

  it('calls one listener with the data, and whether it is binary', () => {
    const emitter = new EventEmitter();
    const log = [];

    emitter.on('message', listenTo(emitter, log, 'one'));
    emitMessage(emitter, data, true);
    emitMessage(emitter, data, false);
    assert.deepStrictEqual(log, [
      ['one', data, true],
      ['one', data, false]
    ]);
  });

  it('calls several listeners in their order', () => {
    const emitter = new EventEmitter();
    const log = [];

    emitter.on('message', listenTo(emitter, log, 'second'));
    emitter.on('message', listenTo(emitter, log, 'third'));
    emitter.prependListener('message', listenTo(emitter, log, 'first'));
    emitMessage(emitter, data, true);
    assert.deepStrictEqual(log, [
      ['first', data, true],
      ['second', data, true],
      ['third', data, true]
    ]);
  });

  it('calls a listener of once() once', () => {
    const emitter = new EventEmitter();
    const log = [];

    emitter.once('message', listenTo(emitter, log, 'once'));
    emitMessage(emitter, data, true);
    emitMessage(emitter, data, true);
    assert.deepStrictEqual(log, [['once', data, true]]);
    assert.strictEqual(emitter.listenerCount('message'), 0);
  });

  it('passes on what a listener throws, and goes on after it', () => {
    const emitter = new EventEmitter();
    const error = new Error('Oops');
    const log = [];

    emitter.once('message', () => {
      throw error;
    });
    assert.throws(
      () => emitMessage(emitter, data, true),
      (err) => err === error
    );
    emitter.on('message', listenTo(emitter, log, 'one'));
    emitMessage(emitter, data, true);
    assert.deepStrictEqual(log, [['one', data, true]]);
  });

  it('goes by an emit() of the object or its class', () => {
    const log = [];

    class Loud extends EventEmitter {
      emit(...args) {
        log.push(args);
        return super.emit(...args);
      }
    }

    const loud = new Loud();
    const own = new EventEmitter();
    const heard = [];

    own.emit = (...args) => log.push(args);
    loud.on('message', listenTo(loud, heard, 'loud'));
    own.on('message', () => assert.fail('nobody emits it'));
    emitMessage(loud, data, true);
    emitMessage(own, data, false);
    assert.deepStrictEqual(log, [
      ['message', data, true],
      ['message', data, false]
    ]);
    assert.deepStrictEqual(heard, [['loud', data, true]]);
  });

  it('makes an error of a rejection where Node is told to', async (t) => {
    t.after(() => {
      EventEmitter.captureRejections = false;
    });
    EventEmitter.captureRejections = true;

    const emitter = new EventEmitter();
    const error = new Error('Oops');

    emitter.on('message', async () => {
      throw error;
    });

    const failed = once(emitter, 'error');

    emitMessage(emitter, data, true);
    assert.deepStrictEqual(await failed, [error]);
  });

  it('does so if that was said when the emitter was made, or of it alone', async (t) => {
    t.after(() => {
      EventEmitter.captureRejections = false;
    });

    const error = new Error('Oops');
    const outcomes = [];

    EventEmitter.captureRejections = true;

    const before = new EventEmitter();

    EventEmitter.captureRejections = false;

    for (const emitter of [
      before,
      new EventEmitter({ captureRejections: true })
    ]) {
      emitter.on('message', async () => {
        throw error;
      });

      const failed = once(emitter, 'error');

      emitMessage(emitter, data, true);
      outcomes.push(...(await failed));
    }

    assert.deepStrictEqual(outcomes, [error, error]);
  });
});
