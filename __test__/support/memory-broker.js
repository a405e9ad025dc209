'use strict';

const EventEmitter = require('node:events');

/** A broker in memory, with as many adapters as there would be processes. */
class MemoryBroker {
  constructor() {
    this.adapters = new Set();
    this.isAway = false;
  }

  /** @return {MemoryAdapter} Another process's */
  adapter() {
    const adapter = new MemoryAdapter(this);

    this.adapters.add(adapter);
    return adapter;
  }

  /** Sends bytes to all who subscribe, as any program may. */
  publish(name, bytes) {
    for (const { listeners } of this.adapters) listeners.get(name)?.(bytes);
  }

  leave() {
    this.isAway = true;
    for (const adapter of this.adapters) adapter.emit('error', away());
  }

  comeBack() {
    this.isAway = false;
    for (const adapter of this.adapters) adapter.emit('reconnect');
  }
}

/**
 * As docs/scaling.md wants adapters. Its calls are written down, and answered at
 * once or, with `isHeld`, when `release()` is called.
 */
class MemoryAdapter extends EventEmitter {
  constructor(broker) {
    super();
    this.broker = broker;
    this.calls = [];
    this.isHeld = false;
    this.listeners = new Map();
    this._held = [];
  }

  publish(name, bytes) {
    this.calls.push(`publish ${name}`);
    if (this.broker.isAway) return undefined;
    return this._answer(() => this.broker.publish(name, Buffer.from(bytes)));
  }

  subscribe(name, listener) {
    this.calls.push(`subscribe ${name}`);
    if (this.broker.isAway) return Promise.reject(away());
    return this._answer(() => this.listeners.set(name, listener));
  }

  unsubscribe(name) {
    this.calls.push(`unsubscribe ${name}`);
    return this._answer(() => this.listeners.delete(name));
  }

  close() {
    this.calls.push('close');
    this.broker.adapters.delete(this);
    return this._answer(() => {});
  }

  /** Answers the oldest call that is held. */
  async release() {
    this._held.shift()();
    await Promise.resolve();
  }

  /** What was called since this was asked last. */
  takeCalls() {
    return this.calls.splice(0);
  }

  _answer(act) {
    if (!this.isHeld) {
      act();
      return undefined;
    }

    return new Promise((resolve) => {
      this._held.push(() => {
        act();
        resolve();
      });
    });
  }
}

function away() {
  return Object.assign(new Error('The broker in memory is away'), {
    code: 'WS_RS_BROKER_AWAY'
  });
}

module.exports = { MemoryBroker };
