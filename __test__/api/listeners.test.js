'use strict';

const assert = require('node:assert');
const EventEmitter = require('node:events');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');

const { Listeners, withFirst } = require('../../lib/api/listeners');

const calls = [];
const first = (...args) => calls.push(['first', ...args]);
const second = (...args) => calls.push(['second', ...args]);
const third = (...args) => calls.push(['third', ...args]);

/** Adds another one when it is called. */
function adds() {
  this.on('close', third);
}

const WithFirst = withFirst(first);

/** Everything that an emitter tells of its listeners. */
function told(emitter) {
  calls.length = 0;
  const emitted = emitter.emit('close', 1006, 'why');

  return {
    calls: [...calls],
    emitted,
    counts: ['close', 'message'].map((name) => emitter.listenerCount(name)),
    events: inspect(emitter._events),
    keys: Reflect.ownKeys(emitter._events),
    listeners: emitter.listeners('close'),
    names: emitter.eventNames(),
    number: emitter._eventsCount,
    raw: emitter.rawListeners('close').length
  };
}

/** What somebody does with an emitter, by what that is. */
const deeds = {
  'does nothing': () => {},
  'adds one': (e) => e.on('close', second),
  'adds two': (e) => e.on('close', second).on('close', third),
  'adds one before it': (e) => e.prependListener('close', second),
  'adds one before a second': (e) =>
    e.on('close', second).prependListener('close', third),
  'adds one that is called once': (e) => e.once('close', second),
  'adds two that are called once': (e) =>
    e.once('close', second).once('close', third),
  'adds the same one again': (e) => e.on('close', first),
  'adds one and takes it away': (e) =>
    e.on('close', second).off('close', second),
  'adds two and takes one away': (e) =>
    e.on('close', second).on('close', third).off('close', second),
  'adds one and takes the first away': (e) =>
    e.on('close', second).off('close', first),
  'takes the first away': (e) => e.off('close', first),
  'takes the first away beside another': (e) =>
    e.on('message', second).off('close', first),
  'takes the first away and adds others': (e) =>
    e
      .on('message', second)
      .off('close', first)
      .on('close', second)
      .on('close', third),
  'takes the first away and adds it behind another': (e) =>
    e
      .on('message', second)
      .on('close', third)
      .off('close', first)
      .on('close', first),
  'takes all away': (e) => e.on('close', second).removeAllListeners('close'),
  'takes all away beside another': (e) =>
    e.on('message', second).on('close', third).removeAllListeners('close'),
  'takes all of all events away': (e) =>
    e.on('close', second).removeAllListeners(),
  'takes all away, which is listened to': (e) =>
    e
      .on('removeListener', third)
      .on('close', second)
      .removeAllListeners('close'),
  'adds one in an event': (e) => {
    e.on('close', adds);
    e.emit('close');
  },
  'puts one there past the methods': (e) => {
    e._events.close = second;
  },
  'puts several there past the methods': (e) => {
    e._events.close = [first, second, third];
  },
  'puts nothing there past the methods': (e) => {
    e._events.close = undefined;
  },
  'changes the array of them': (e) => {
    e.on('close', second);
    e._events.close.push(third);
  },
  'changes another array of two': (e) => {
    const list = [second, third];

    e._events.close = list;
    list.push(second);
  }
};

describe('The listeners of an emitter that has a first one', () => {
  for (const [deed, act] of Object.entries(deeds)) {
    it(`are those of Node when somebody ${deed}`, () => {
      const theirs = new EventEmitter();
      const ours = new EventEmitter();

      theirs.on('close', first);
      ours._events = new WithFirst();
      ours._eventsCount = 1;

      const expected = [];
      const found = [];

      for (const [emitter, into] of [
        [theirs, expected],
        [ours, found]
      ]) {
        act(emitter);
        into.push(told(emitter), told(emitter));
      }

      assert.deepStrictEqual(found, expected);
    });
  }

  it('are found by what inherits from them', () => {
    const inherits = Object.create(new WithFirst());

    assert.strictEqual(inherits.close, first);
    inherits.close = second;
    assert.strictEqual(inherits.close, second);
  });

  it('make no array of one more', () => {
    const listeners = new WithFirst();
    const list = [first, second];

    listeners.close = list;
    assert.notStrictEqual(listeners.close, list);
    assert.deepStrictEqual([...listeners.close], list);
    assert.strictEqual(listeners.close, listeners.close);
  });
});

describe('The listeners of an emitter', () => {
  it('inherit no event', () => {
    const { constructor, toString } = new Listeners();

    assert.strictEqual(constructor, undefined);
    assert.strictEqual(toString, undefined);
    assert.strictEqual(new WithFirst().constructor, undefined);
  });

  it('are shown as what Node makes', () => {
    const listeners = new Listeners();

    listeners.message = 'somebody';
    assert.strictEqual(
      inspect(listeners),
      "[Object: null prototype] { message: 'somebody' }"
    );
  });
});
