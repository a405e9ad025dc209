'use strict';

const assert = require('node:assert');
const EventEmitter = require('node:events');
const { describe, it } = require('node:test');
const { inspect } = require('node:util');

const { kForOnEventAttribute, kListener } = require('../../lib/constants');
const {
  CloseEvent,
  ErrorEvent,
  Event,
  EventTarget,
  MessageEvent
} = require('../../lib/api/event-target');

class Target extends EventEmitter {}

Object.assign(Target.prototype, EventTarget);

/** Emits `args` and returns the events that `type` listeners get. */
function eventsOf(target, type, ...args) {
  const events = [];

  target.addEventListener(type, (event) => events.push(event));
  target.emit(type, ...args);
  return events;
}

describe('addEventListener', () => {
  it('is a function of two arguments, like that of ws and of browsers', () => {
    assert.strictEqual(EventTarget.addEventListener.length, 2);
  });

  it('fires an open event', () => {
    const target = new Target();
    const [event] = eventsOf(target, 'open');

    assert.strictEqual(event.constructor, Event);
    assert.strictEqual(event.type, 'open');
    assert.strictEqual(event.target, target);
  });

  it('fires a message event with a string for text', () => {
    const target = new Target();
    const [event] = eventsOf(target, 'message', Buffer.from('é'), false);

    assert.strictEqual(event.constructor, MessageEvent);
    assert.strictEqual(event.type, 'message');
    assert.strictEqual(event.data, 'é');
    assert.strictEqual(event.target, target);
  });

  it('fires a message event with the very data for binary', () => {
    const data = Buffer.from([1, 2]);
    const [event] = eventsOf(new Target(), 'message', data, true);

    assert.strictEqual(event.data, data);
  });

  it('fires a close event with the reason as a string', () => {
    const target = new Target();

    target._closeFrameReceived = target._closeFrameSent = true;

    const [event] = eventsOf(target, 'close', 1000, Buffer.from('bye'));

    assert.strictEqual(event.constructor, CloseEvent);
    assert.strictEqual(event.code, 1000);
    assert.strictEqual(event.reason, 'bye');
    assert.strictEqual(event.wasClean, true);
    assert.strictEqual(event.target, target);
  });

  it('calls a close clean only if close frames went both ways', () => {
    const target = new Target();

    target._closeFrameReceived = false;
    target._closeFrameSent = true;
    assert.strictEqual(
      eventsOf(target, 'close', 1006, Buffer.alloc(0))[0].wasClean,
      false
    );

    target._closeFrameReceived = true;
    target._closeFrameSent = false;
    assert.strictEqual(
      eventsOf(target, 'close', 1006, Buffer.alloc(0))[0].wasClean,
      false
    );
  });

  it('fires an error event with the very error', () => {
    const target = new Target();
    const error = new Error('Oops');
    const [event] = eventsOf(target, 'error', error);

    assert.strictEqual(event.constructor, ErrorEvent);
    assert.strictEqual(event.error, error);
    assert.strictEqual(event.message, 'Oops');
    assert.strictEqual(event.target, target);
  });

  it('ignores other types of events, also those named like methods', () => {
    const target = new Target();

    for (const type of ['ping', 'upgrade', 'toString', '__proto__']) {
      target.addEventListener(type, () => {});
    }

    assert.deepStrictEqual(target.eventNames(), []);
  });

  it('ignores null and undefined in place of a listener', () => {
    const target = new Target();

    target.addEventListener('open', null);
    target.addEventListener('open');
    assert.strictEqual(target.listenerCount('open'), 0);
  });

  it('ignores a listener that was added before', () => {
    const target = new Target();
    const listener = () => {};

    target.addEventListener('open', listener, { once: true });
    target.addEventListener('open', listener);
    target.addEventListener('message', listener);
    assert.strictEqual(target.listenerCount('open'), 1);
    assert.strictEqual(target.listenerCount('message'), 1);
  });

  it('adds a listener that is an event attribute as well', () => {
    const target = new Target();
    const listener = () => {};

    target.addEventListener('open', listener, { [kForOnEventAttribute]: true });
    target.addEventListener('open', listener);
    assert.strictEqual(target.listenerCount('open'), 2);
  });

  it('calls a listener once with the once option', () => {
    const target = new Target();
    let calls = 0;

    target.addEventListener('open', () => calls++, { once: true });
    target.emit('open');
    target.emit('open');
    assert.strictEqual(calls, 1);
  });

  it('accepts a boolean for the options, and throws for null, as ws does', () => {
    const target = new Target();

    target.addEventListener('open', () => {}, false);
    target.addEventListener('open', () => {}, true);
    assert.throws(
      () => target.addEventListener('open', () => {}, null),
      TypeError
    );
    assert.strictEqual(target.listenerCount('open'), 2);
  });

  it('takes no other value for a type, though it names one', () => {
    const target = new Target();

    for (const type of [['open'], new String('open')]) {
      target.addEventListener(type, () => {});
    }

    assert.deepStrictEqual(target.eventNames(), []);
    assert.throws(
      () => target.addEventListener(Object.create(null), () => {}),
      TypeError
    );
  });

  it('calls a function with the target as this', () => {
    const target = new Target();
    let self;

    target.addEventListener('open', function () {
      self = this;
    });
    target.emit('open');
    assert.strictEqual(self, target);
  });

  it('calls handleEvent of an object, looked up when the event fires', () => {
    const target = new Target();
    const handler = {};
    const calls = [];

    target.addEventListener('open', handler);
    handler.handleEvent = function (event) {
      calls.push([this, event.type]);
    };
    target.emit('open');
    assert.deepStrictEqual(calls, [[handler, 'open']]);
  });

  it('marks what it adds with the listener and where it comes from', () => {
    const target = new Target();
    const listener = () => {};

    target.addEventListener('open', listener);
    target.addEventListener('open', listener, { [kForOnEventAttribute]: true });

    const [added, attribute] = target.listeners('open');

    assert.strictEqual(added[kListener], listener);
    assert.strictEqual(added[kForOnEventAttribute], false);
    assert.strictEqual(attribute[kListener], listener);
    assert.strictEqual(attribute[kForOnEventAttribute], true);
  });
});

describe('removeEventListener', () => {
  it('removes a listener, also one with the once option', () => {
    const target = new Target();
    const listener = () => {};

    target.addEventListener('open', listener);
    target.removeEventListener('open', listener);
    assert.strictEqual(target.listenerCount('open'), 0);

    target.addEventListener('open', listener, { once: true });
    target.removeEventListener('open', listener);
    assert.strictEqual(target.listenerCount('open'), 0);
  });

  it('leaves all other listeners alone', () => {
    const target = new Target();
    const listener = () => {};

    target.on('open', listener);
    target.addEventListener('open', listener, { [kForOnEventAttribute]: true });
    target.addEventListener('open', () => {});
    target.addEventListener('message', listener);

    target.removeEventListener('open', listener);
    target.removeEventListener('close', listener);
    assert.strictEqual(target.listenerCount('open'), 3);
    assert.strictEqual(target.listenerCount('message'), 1);
  });
});

describe('The event classes', () => {
  it('list their properties in for...in, as those of the DOM do', () => {
    const names = [];

    for (const name in new CloseEvent('close')) names.push(name);

    assert.deepStrictEqual(names.sort(), [
      'code',
      'reason',
      'target',
      'type',
      'wasClean'
    ]);
  });

  it('have properties that cannot be assigned', () => {
    const event = new MessageEvent('message', { data: 'a' });

    assert.throws(() => {
      event.data = 'b';
    }, TypeError);
    assert.strictEqual(event.data, 'a');
  });

  it('show their properties when they are logged', () => {
    const event = new MessageEvent('message', { data: 'a' });

    assert.strictEqual(
      inspect(event),
      "MessageEvent { data: 'a', type: 'message' }"
    );
  });
});
