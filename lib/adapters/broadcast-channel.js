'use strict';

const EventEmitter = require('events');
const { BroadcastChannel } = require('worker_threads');

const given = require('../given');
const checkNames = require('../option-names');

/**
 * Exchanges messages between the threads of one process: the main thread and
 * its workers. It does not keep a thread from ending.
 *
 * One channel carries all topics, as each channel makes every wake-up of the
 * event loop dearer. Each thread looks at what comes and takes what it wants.
 */
class BroadcastChannelAdapter extends EventEmitter {
  /**
   * @param {Object} [options]
   * @param {String} [options.name='ws-rs'] The channel; those of the same name
   *     hear each other
   * @throws {TypeError} The name is no string, or there is no such option
   */
  constructor(options = {}) {
    super();
    checkNames(options, ['name'], 'A BroadcastChannelAdapter has no option');

    const name = given(options, 'name', 'ws-rs');

    if (typeof name !== 'string') {
      throw new TypeError(
        'The option "name" of a BroadcastChannelAdapter is a string'
      );
    }

    this._listeners = new Map();
    this._channel = new BroadcastChannel(name);
    this._channel.onmessage = ({ data }) => this._receive(data);
    this._channel.onmessageerror = () => this.emit('error', foreign());
    this._channel.unref();
  }

  publish(name, bytes) {
    // The bytes may be a part of a larger memory, all of which would be sent.
    this._channel.postMessage([name, new Uint8Array(bytes)]);
  }

  subscribe(name, listener) {
    this._listeners.set(name, listener);
  }

  unsubscribe(name) {
    this._listeners.delete(name);
  }

  close() {
    this._listeners.clear();
    this._channel.close();
  }

  _receive(data) {
    if (!Array.isArray(data) || typeof data[0] !== 'string') {
      this.emit('error', foreign());
      return;
    }

    this._listeners.get(data[0])?.(data[1]);
  }
}

function foreign() {
  return Object.assign(
    new Error(
      'What came over the BroadcastChannel is no message of Topics. Give the ' +
        'adapter a name that nothing else uses'
    ),
    { code: 'WS_RS_FOREIGN_MESSAGE' }
  );
}

module.exports = BroadcastChannelAdapter;
