'use strict';

const Member = require('../fanout/member');
const publish = require('../fanout/publish');
const native = require('../native');
const { notOpenError, READY_STATES } = require('./not-open');
const WebSocket = require('./websocket');

const [CONNECTING, OPEN] = READY_STATES.keys();

/** Frees the native halves of those that nobody closes. */
const forgotten = new FinalizationRegistry((id) => native.topicsFree(id));

/**
 * Connections by names: what is published under a name goes to those that
 * subscribe to it. An addition to ws.
 *
 * Connections of any servers, and clients, may be in the same topics. Those that
 * close leave them.
 */
class Topics {
  constructor() {
    this._id = native.topicsCreate();
    this._isClosed = false;
    forgotten.register(this, this._id, this);
  }

  /**
   * Has a connection get what is published under a name.
   *
   * @param {WebSocket} ws The connection
   * @param {String} name Any string
   * @return {Boolean} Whether that is new; `false` also if the connection is
   *     closing or closed
   * @throws {TypeError} That is no WebSocket, or no string
   * @throws {Error} The connection is not open yet, or `close()` was called
   */
  subscribe(ws, name) {
    this._check(ws);
    checkName(name);
    if (ws._readyState === CONNECTING) throw notOpenError(ws);
    if (ws._readyState !== OPEN) return false;

    return native.topicSubscribe(this._id, Member.of(ws).id, name) === 1;
  }

  /**
   * Has a connection no longer get what is published under a name.
   *
   * @param {WebSocket} ws The connection
   * @param {String} [name] Without it: under any
   * @return {Boolean} Whether it was a subscriber
   * @throws {TypeError} That is no WebSocket, or no string
   * @throws {Error} `close()` was called
   */
  unsubscribe(ws, name) {
    this._check(ws);
    if (name !== undefined) checkName(name);

    const id = Member.idOf(ws);

    return id !== -1 && native.topicUnsubscribe(this._id, id, name) > 0;
  }

  /**
   * Sends a message to the subscribers of a topic; see
   * `WebSocketServer#broadcast()`.
   *
   * @param {String} name The topic
   * @param {*} data The message
   * @param {Object} [options] `binary`, `compress`, `except`
   * @return {Number} How many connections it was given to
   * @throws {TypeError} `name`, `data` or an option is of a wrong type; nobody
   *     gets it
   * @throws {Error} `close()` was called
   */
  publish(name, data, options) {
    this._check();
    checkName(name);

    return publish(this._id, name, data, options);
  }

  /**
   * @param {String} name A topic
   * @return {Number} How many connections subscribe to it
   */
  size(name) {
    this._check();
    checkName(name);
    return native.topicSize(this._id, name);
  }

  /**
   * @param {WebSocket} ws A connection
   * @return {String[]} The topics that it subscribes to, in the order in which
   *     it came to them
   */
  of(ws) {
    this._check(ws);

    const id = Member.idOf(ws);

    return id === -1 ? [] : native.topicsOf(this._id, id);
  }

  /** Takes all connections off all topics. There are no others to come. */
  close() {
    if (this._isClosed) return;

    this._isClosed = true;
    forgotten.unregister(this);
    native.topicsFree(this._id);
  }

  /** @private */
  _check(...websockets) {
    if (this._isClosed) {
      throw new Error('These topics were closed: make new ones');
    }

    for (const ws of websockets) {
      if (!(ws instanceof WebSocket)) {
        throw new TypeError(
          'A subscriber is a WebSocket of the package that the Topics are of'
        );
      }
    }
  }
}

function checkName(name) {
  if (typeof name !== 'string') {
    throw new TypeError("A topic's name is a string");
  }
}

module.exports = Topics;
