'use strict';

const Pending = require('./pending');

/** The broker is away, which the adapter has reported. */
const AWAY = 'WS_RS_BROKER_AWAY';

/**
 * The names that a broker is to send messages for. The adapter is called once
 * at a time for each: whether a name is still wanted is looked at when a call
 * is through. What failed is tried again when the broker is back.
 */
class Interest {
  /**
   * @param {Object} adapter See relay.js
   * @param {Object} handlers `onmessage(name, data)`, `onerror(err)`
   */
  constructor(adapter, { onerror, onmessage }) {
    this._adapter = adapter;
    this._onerror = onerror;
    this._onmessage = onmessage;
    /** By name; those that are neither wanted nor known to the broker are gone. */
    this._entries = new Map();
    /** Those that are not at the broker what they are here. */
    this._unsettled = new Pending();
    /** Those of which a call of the adapter is under way. */
    this._busy = new Pending();
    this._isClosed = false;
  }

  set(name, isWanted) {
    let entry = this._entries.get(name);

    if (entry === undefined) {
      if (!isWanted) return;
      entry = { isKnown: false, isWanted, name };
      this._entries.set(name, entry);
    }

    entry.isWanted = isWanted;
    this._look(entry);
  }

  /** Resolves when the broker knows what is wanted now. */
  ready() {
    return this._unsettled.gone();
  }

  /** Tries again what failed; resolves when the calls under way now are through. */
  retry() {
    for (const entry of [...this._unsettled]) {
      // The adapter may have closed everything when it was called for another.
      if (this._isClosed) break;
      this._look(entry);
    }

    return this._busy.gone();
  }

  close() {
    this._isClosed = true;
    this._entries.clear();
    this._unsettled.clear();
    this._busy.clear();
  }

  _look(entry) {
    const { isKnown, isWanted, name } = entry;
    const isBusy = this._busy.has(entry);

    if (isWanted === isKnown && !isBusy) {
      this._unsettled.delete(entry);
      if (!isWanted) this._entries.delete(name);
      return;
    }

    this._unsettled.add(entry);
    if (!isBusy) this._change(entry);
  }

  _change(entry) {
    const { isWanted, name } = entry;
    let isPromise;
    let result;

    // A call that has its result at once must not be overtaken from within.
    this._busy.add(entry);

    try {
      result = isWanted
        ? this._adapter.subscribe(name, (data) => this._onmessage(name, data))
        : this._adapter.unsubscribe(name);
      isPromise = typeof result?.then === 'function';
    } catch (err) {
      this._failed(entry, err);
      return;
    }

    if (!isPromise) {
      this._changed(entry, isWanted);
      return;
    }

    // A promise that is none of Node's may settle twice.
    Promise.resolve(result).then(
      () => this._changed(entry, isWanted),
      (err) => this._failed(entry, err)
    );
  }

  _changed(entry, isKnown) {
    if (!this._end(entry)) return;
    entry.isKnown = isKnown;
    this._look(entry);
  }

  _failed(entry, err) {
    if (!this._end(entry)) return;
    if (err?.code !== AWAY) this._onerror(err);
    // If nobody is left who wants it, there is nothing to be tried again.
    if (entry.isWanted === entry.isKnown) this._look(entry);
  }

  /** Whether the result of a call still counts. */
  _end(entry) {
    this._busy.delete(entry);
    return !this._isClosed;
  }
}

module.exports = Interest;
