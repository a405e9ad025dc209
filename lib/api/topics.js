'use strict';

const EventEmitter = require('events');

const { CONNECTING, OPEN } = require('../constants').READY_STATE;
const Listeners = require('../fanout/listeners');
const Member = require('../fanout/member');
const publish = require('../fanout/publish');
const Relay = require('../fanout/relay');
const given = require('../given');
const native = require('../native');
const checkNames = require('../option-names');
const { notOpenError } = require('./not-open');
const { processOfNode } = require('../timers');
const WebSocket = require('./websocket');
const { FinalizationRegistry } = require('../weak');

/** Frees the native halves of those that nobody closes. */
const forgotten = new FinalizationRegistry((id) => native.topicsFree(id));

/**
 * Connections by names: what is published under a name goes to those that
 * subscribe to it. An addition to ws.
 *
 * Connections of any servers, and clients, may be in the same topics. Those that
 * close leave them. With an adapter the topics are those of several processes.
 *
 * Events, with an adapter: `'error'` (error), which without a listener is a
 * warning of the process, and `'reconnect'`.
 */
class Topics extends EventEmitter {
  /**
   * @param {Object} [options]
   * @param {Object} [options.adapter] What exchanges messages with other processes
   * @param {Number} [options.maxPending=67108864] Bytes that the adapter may be
   *     behind; what is published on top of that stays in this process
   * @throws {TypeError|RangeError|Error} An option is of no use, or the adapter is
   *     in use
   */
  constructor(options) {
    super();
    checkOptions(options);

    const adapter = given(options, 'adapter');
    const maxPending = given(options, 'maxPending');

    this._listeners = null;
    this._isClosed = false;
    this._closing = null;
    this._hasWarned = false;
    this._relay = adapter == null ? null : new Relay(adapter, maxPending);
    /** Who hears what is published here beside the connections. */
    this._others = this._makeOthers();
    this._id = native.topicsCreate();
    if (this._relay !== null) this._listenToRelay();
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

    const member = Member.of(ws);
    const isNew = native.topicSubscribe(this._id, member.id, name) === 1;

    if (isNew && this._relay !== null) {
      member.whenLeaving(this._onLeaving);
      this._relay.want(name, true);
    }
    return isNew;
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

    return id !== -1 && this._leave(id, name);
  }

  /**
   * Has a function of this process hear what is published under a name, here or
   * in another process.
   *
   * @param {String} name Any string
   * @param {Function} listener Called with a `Buffer` and whether it is binary
   * @return {Function} Ends it; returns whether there was something to end
   * @throws {TypeError} That is no string, or no function
   * @throws {Error} `close()` was called
   */
  listen(name, listener) {
    this._check();
    checkName(name);
    if (typeof listener !== 'function') {
      throw new TypeError('What listens to a topic is a function');
    }

    this._listeners ??= new Listeners();

    const remove = this._listeners.add(name, listener);

    this._relay?.want(name, true);
    return () => {
      const isRemoved = remove();

      if (isRemoved && !this._isClosed) this._look(name);
      return isRemoved;
    };
  }

  /**
   * Sends a message to the subscribers of a topic; see
   * `WebSocketServer#broadcast()`.
   *
   * @param {String} name The topic
   * @param {*} data The message
   * @param {Object} [options] `binary`, `compress`, `except`
   * @return {Number} How many connections of this process it was given to
   * @throws {TypeError} `name`, `data` or an option is of a wrong type; nobody
   *     gets it
   * @throws {Error} `close()` was called
   */
  publish(name, data, options) {
    this._check();
    checkName(name);

    return publish(this._id, name, data, options, this._others);
  }

  /**
   * @param {String} name A topic
   * @return {Number} How many connections of this process subscribe to it
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

  /**
   * Waits for the adapter: from then on what other processes publish under the
   * names that are subscribed to arrives.
   *
   * @return {Promise} Not resolved while the broker is away
   */
  async ready() {
    this._check();
    await this._relay?.ready();
  }

  /**
   * Takes all connections off all topics, and closes the adapter. There are no
   * others to come.
   *
   * @return {Promise} Resolved when the adapter is closed; never rejected
   */
  close() {
    if (!this._isClosed) {
      this._isClosed = true;
      forgotten.unregister(this);
      native.topicsFree(this._id);
      this._listeners?.clear();
      this._closing = this._relay?.close();
    }

    return Promise.resolve(this._closing);
  }

  _makeOthers() {
    return {
      publish: (name, message) => {
        // A listener of the program's is called behind that, and may close
        // everything.
        this._relay?.publish(name, message);
        this._listeners?.call(name, message);
      }
    };
  }

  _listenToRelay() {
    const heard = {
      publish: (name, message) => this._listeners?.call(name, message)
    };

    this._onLeaving = (id) => {
      if (!this._isClosed) this._leave(id);
    };
    this._relay.onmessage = (name, data, options) => {
      publish(this._id, name, data, options, heard);
    };
    this._relay.onerror = (err) => this._report(err);
    this._relay.onreconnect = () => {
      this._hasWarned = false;
      this.emit('reconnect');
    };
  }

  /** An outage of the broker is no reason for a program to end. */
  _report(err) {
    if (this.listenerCount('error') > 0) {
      this.emit('error', err);
    } else if (!this._hasWarned) {
      this._hasWarned = true;
      processOfNode.emitWarning(err.message, {
        code: err.code,
        detail: 'Listen for the event "error" of the Topics to see them all.',
        type: 'TopicsWarning'
      });
    }
  }

  /** Takes a native half off one topic, or all; says whether it was in any. */
  _leave(id, name) {
    let names;

    if (this._relay !== null) {
      names = name === undefined ? native.topicsOf(this._id, id) : [name];
    }

    const left = native.topicUnsubscribe(this._id, id, name);

    if (left > 0) names?.forEach(this._look, this);
    return left > 0;
  }

  /** Tells the broker if nobody wants something any more. */
  _look(name) {
    if (
      native.topicSize(this._id, name) === 0 &&
      this._listeners?.has(name) !== true
    ) {
      this._relay?.want(name, false);
    }
  }

  /** @private */
  _check(...websockets) {
    if (this._isClosed) {
      throw new Error('These topics were closed: make new ones');
    }

    for (const ws of websockets) {
      if (!(ws instanceof WebSocket)) {
        throw new TypeError(
          'A subscriber is a WebSocket of the same copy of ws-rs as the Topics, ' +
            `not ${ws === null ? 'null' : typeof ws}`
        );
      }
    }
  }
}

function checkOptions(options) {
  if (options === undefined || options === null) return;
  if (typeof options !== 'object') {
    throw new TypeError('The options of Topics are an object');
  }
  if (
    given(options, 'adapter') == null &&
    typeof options.publish === 'function'
  ) {
    throw new TypeError(
      'An adapter is an option: new Topics({ adapter }), not new Topics(adapter)'
    );
  }

  checkNames(options, ['adapter', 'maxPending'], 'Topics have no option');

  const maxPending = given(options, 'maxPending');

  if (maxPending === undefined) return;
  if (typeof maxPending !== 'number') {
    throw new TypeError('The option "maxPending" is a number of bytes');
  }
  if (!(maxPending > 0)) {
    throw new RangeError(
      `The option "maxPending" is a number of bytes above 0, not ${maxPending}`
    );
  }
}

function checkName(name) {
  if (typeof name !== 'string') {
    throw new TypeError("A topic's name is a string");
  }
}

module.exports = Topics;
