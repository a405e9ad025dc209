'use strict';

const { Buffer } = require('buffer');

const timers = require('../timers');

/** Functions of this process that hear what is published under names. */
class Listeners {
  constructor() {
    this._byName = new Map();
  }

  has(name) {
    return this._byName.has(name);
  }

  /** @return {Function} Takes it away again; returns whether it was there */
  add(name, listener) {
    let all = this._byName.get(name);

    if (all === undefined) this._byName.set(name, (all = new Set()));

    // The same function may listen twice.
    const entry = { listener };

    all.add(entry);
    return () => {
      if (!all.delete(entry)) return false;
      if (all.size === 0 && this._byName.get(name) === all) {
        this._byName.delete(name);
      }
      return true;
    };
  }

  /** Calls them; one that throws keeps no other from being called. */
  call(name, message) {
    const all = this._byName.get(name);

    if (all === undefined) return;

    // A copy: connections that get the message later do not see what listeners
    // make of it.
    const bytes = Buffer.from(message.bytes);

    for (const { listener } of [...all]) {
      try {
        listener(bytes, message.isBinary);
      } catch (err) {
        timers.nextTick(rethrow, err);
      }
    }
  }

  clear() {
    this._byName.clear();
  }
}

function rethrow(err) {
  throw err;
}

module.exports = Listeners;
