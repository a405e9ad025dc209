'use strict';

const { Buffer } = require('buffer');

const timers = require('../timers');

/** Functions of this process that hear what is published under names. */
class Listeners {
  constructor() {
    this._byName = new Map();
    /** By name, messages that some have not heard yet: more than one if they publish. */
    this._unheard = new Map();
  }

  has(name) {
    return this._byName.has(name);
  }

  /** @return {Function} Takes it away again; returns whether it was there */
  add(name, listener) {
    let all = this._byName.get(name);

    if (all === undefined) this._byName.set(name, (all = new Set()));

    // The same function may listen twice.
    const entry = { isGone: false, listener };

    all.add(entry);
    return () => {
      if (!all.delete(entry)) return false;
      entry.isGone = true;
      if (all.size === 0 && this._byName.get(name) === all) {
        this._byName.delete(name);
      }
      return true;
    };
  }

  /**
   * Calls them; one that throws keeps no other from being called. What one of them
   * publishes under the same name is heard by all behind that, as in other processes.
   */
  call(name, message) {
    const all = this._byName.get(name);

    if (all === undefined) return;

    let unheard = this._unheard.get(name);

    if (unheard === undefined) this._unheard.set(name, (unheard = []));
    unheard.push({
      // A copy: connections that get the message later do not see what listeners
      // make of it.
      bytes: Buffer.from(message.bytes),
      isBinary: message.isBinary,
      left: [...all]
    });

    while (unheard.length > 0) callNext(unheard);
    this._unheard.delete(name);
  }

  clear() {
    this._byName.clear();
    for (const unheard of this._unheard.values()) unheard.length = 0;
  }
}

function callNext(unheard) {
  const [{ bytes, isBinary, left }] = unheard;
  const entry = left.shift();

  if (left.length === 0) unheard.shift();
  if (entry.isGone) return;

  try {
    entry.listener(bytes, isBinary);
  } catch (err) {
    timers.nextTick(rethrow, err);
  }
}

function rethrow(err) {
  throw err;
}

module.exports = Listeners;
