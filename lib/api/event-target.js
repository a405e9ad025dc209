'use strict';

const { util } = require('../builtins');
const { kForOnEventAttribute, kListener } = require('../constants');

const { inspect } = util;

// Only this file may say on which object an event was fired.
let setTarget;

/** An event of the WHATWG interface, like the one of a browser. */
class Event {
  #target = null;
  #type;

  static {
    setTarget = (event, target) => {
      event.#target = target;
    };
  }

  /** @param {String} type The name of the event */
  constructor(type) {
    this.#type = type;
  }

  /** @type {WebSocket|null} The object that fired the event */
  get target() {
    return this.#target;
  }

  /** @type {String} */
  get type() {
    return this.#type;
  }

  /** What `console.log()` shows; without the target, which would fill pages. */
  [inspect.custom](depth, options) {
    const shown = {};

    for (const name in this) if (name !== 'target') shown[name] = this[name];

    return `${this.constructor.name} ${inspect(shown, options)}`;
  }
}

/** The connection was closed. */
class CloseEvent extends Event {
  #code;
  #reason;
  #wasClean;

  /**
   * @param {String} type The name of the event
   * @param {Object} [options] The values of the properties
   * @param {Number} [options.code=0] The close code
   * @param {String} [options.reason=''] The close reason
   * @param {Boolean} [options.wasClean=false] Whether close frames went both
   *     ways
   */
  constructor(type, { code = 0, reason = '', wasClean = false } = {}) {
    super(type);
    this.#code = code;
    this.#reason = reason;
    this.#wasClean = wasClean;
  }

  /** @type {Number} */
  get code() {
    return this.#code;
  }

  /** @type {String} */
  get reason() {
    return this.#reason;
  }

  /** @type {Boolean} */
  get wasClean() {
    return this.#wasClean;
  }
}

/** Something went wrong. */
class ErrorEvent extends Event {
  #error;
  #message;

  /**
   * @param {String} type The name of the event
   * @param {Object} [options] The values of the properties
   * @param {*} [options.error=null] The error
   * @param {String} [options.message=''] The message of the error
   */
  constructor(type, { error = null, message = '' } = {}) {
    super(type);
    this.#error = error;
    this.#message = message;
  }

  /** @type {*} */
  get error() {
    return this.#error;
  }

  /** @type {String} */
  get message() {
    return this.#message;
  }
}

/** A message was received. */
class MessageEvent extends Event {
  #data;

  /**
   * @param {String} type The name of the event
   * @param {Object} [options] The values of the properties
   * @param {*} [options.data=null] The message: a string, or what `binaryType`
   *     asks for
   */
  constructor(type, { data = null } = {}) {
    super(type);
    this.#data = data;
  }

  /** @type {String|Buffer|ArrayBuffer|Buffer[]|Blob|null} */
  get data() {
    return this.#data;
  }
}

enumerate(Event, ['target', 'type']);
enumerate(CloseEvent, ['code', 'reason', 'wasClean']);
enumerate(ErrorEvent, ['error', 'message']);
enumerate(MessageEvent, ['data']);

/**
 * How the arguments of each emitter event become an event object. `this` is the
 * `WebSocket`. Other types of events cannot be listened to.
 */
const factories = {
  __proto__: null,

  close(code, reason) {
    return new CloseEvent('close', {
      code,
      reason: reason.toString(),
      wasClean: this._closeFrameReceived && this._closeFrameSent
    });
  },

  error(error) {
    return new ErrorEvent('error', { error, message: error.message });
  },

  message(data, isBinary) {
    return new MessageEvent('message', {
      data: isBinary ? data : data.toString()
    });
  },

  open() {
    return new Event('open');
  }
};

/**
 * The listener methods of the WHATWG `EventTarget`, on top of an
 * `EventEmitter`. Meant to be copied onto `WebSocket.prototype`.
 *
 * @mixin
 */
const EventTarget = {
  /**
   * Adds an event listener. Does nothing for other types of events than
   * `open`, `message`, `close` and `error`, for a listener that was added
   * before, and for `null`.
   *
   * @param {String} type The type of the event
   * @param {Function|{handleEvent: Function}|null} handler The listener
   * @param {Object|Boolean} [options] Options; a boolean is ignored
   * @param {Boolean} [options.once=false] Whether to remove the listener when it
   *     is called
   */
  addEventListener(type, handler, options = {}) {
    // What cannot name an event throws; what is only made into a name is no type.
    const others = this.listeners(type);
    const factory = typeof type === 'string' ? factories[type] : undefined;

    if (factory === undefined || handler == null) return;

    const isAttribute = Boolean(options[kForOnEventAttribute]);

    if (!isAttribute && find(others, handler) !== undefined) return;

    // Not an arrow function: the emitter is `this`, and may be a subclass.
    const listener = function (...args) {
      const event = factory.apply(this, args);

      setTarget(event, this);

      if (typeof handler === 'object' && handler.handleEvent) {
        handler.handleEvent(event);
      } else {
        handler.call(this, event);
      }
    };

    listener[kForOnEventAttribute] = isAttribute;
    listener[kListener] = handler;

    if (options.once) this.once(type, listener);
    else this.on(type, listener);
  },

  /**
   * Removes an event listener that was added with `addEventListener()`.
   *
   * @param {String} type The type of the event
   * @param {Function|{handleEvent: Function}} handler The listener
   */
  removeEventListener(type, handler) {
    const listener = find(this.listeners(type), handler);

    if (listener !== undefined) this.removeListener(type, listener);
  }
};

/** Finds what `addEventListener()` made of `handler`. */
function find(listeners, handler) {
  return listeners.find(
    (listener) =>
      listener[kListener] === handler && !listener[kForOnEventAttribute]
  );
}

/** Makes accessors show up in `for...in`, as those of the DOM do. */
function enumerate(constructor, names) {
  for (const name of names) {
    Object.defineProperty(constructor.prototype, name, {
      __proto__: null,
      enumerable: true
    });
  }
}

module.exports = { CloseEvent, ErrorEvent, Event, EventTarget, MessageEvent };
