'use strict';

// One chat room: who is in it, what was said last, and who hears what. It may be
// spread over several processes, each with its own people.
// It knows WebSockets, but nothing of HTTP, so it works with any server.

const { randomUUID } = require('node:crypto');
const { Topics, WebSocket } = require('../..');
const { BadMessageError, parseMessage, parseOwn } = require('./messages.js');
const Presence = require('./presence.js');

// A token bucket per person: bursts of BURST messages, then one per REFILL_MS.
const BURST = 8;
const REFILL_MS = 750;
const TYPING_MS = 1000; // the others hear of somebody's typing once in so long

const TOPIC = 'room';

/** One chat room. */
class Room {
  /**
   * @param {object} [options]
   * @param {number} [options.historySize=50] messages shown to a newcomer
   * @param {number} [options.presence=2000] milliseconds between two reports to
   *     other processes; who is not heard for five of them has gone
   * @param {Topics} [options.topics] those of all processes that are one room
   */
  constructor({
    historySize = 50,
    presence = 2000,
    topics = new Topics()
  } = {}) {
    this._historySize = historySize;
    this._history = [];
    this._connections = new Set();
    this._topics = topics;
    this._presence = new Presence(topics, {
      history: () => this._history,
      interval: presence,
      people: () => this._members().map(person)
    });

    for (const type of ['joined', 'left', 'renamed']) {
      this._presence.on(type, (person) => {
        this._tell(this._members(), { type, person });
        if (type !== 'left') this._settleNames(person);
      });
    }
    this._presence.on('history', (messages) => this._merge(messages));

    // What was said here and in other processes.
    topics.listen(TOPIC, (data) => {
      const message = parseOwn(data);

      if (message.type === 'message') this._remember(message);
    });
  }

  /**
   * Takes over a WebSocket that was just accepted.
   *
   * @param {WebSocket} ws the connection, open
   */
  add(ws) {
    const connection = {
      id: randomUUID(), // unlike a number, not met again after a restart
      name: null, // until it has joined
      tokens: BURST,
      refilledAt: Date.now(),
      typedAt: 0,
      ws
    };

    this._connections.add(connection);

    ws.on('message', (data, isBinary) => {
      this._onMessage(connection, data, isBinary);
    });
    ws.on('close', () => this._onClose(connection));
    // Without a listener, the protocol error of one client would end the server.
    ws.on('error', (error) => {
      console.error(`Connection ${connection.id} failed: ${error.message}`);
    });
  }

  /**
   * Says goodbye to everybody.
   *
   * @param {string} reason shown to the clients, at most 123 bytes
   */
  close(reason) {
    for (const { ws } of this._connections) ws.close(1001, reason);
  }

  /** Tells other processes that all have left, when all connections are closed. */
  end() {
    this._presence.close();
  }

  _onMessage(connection, data, isBinary) {
    try {
      const message = parseMessage(data, isBinary);

      if (message.type === 'join') this._join(connection, message.name);
      else if (message.type === 'say') this._say(connection, message.text);
      else this._typing(connection);
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;

      const { code, message } = error;

      this._tell([connection], { type: 'error', code, message });
    }
  }

  _join(connection, wantedName) {
    if (connection.name !== null) {
      throw new BadMessageError('joined-already', 'You have joined already.');
    }

    connection.name = this._freeName(wantedName);

    this._tellOthers(connection, {
      type: 'joined',
      person: person(connection)
    });
    this._topics.subscribe(connection.ws, TOPIC);
    this._presence.report();
    this._tell([connection], {
      type: 'welcome',
      you: person(connection),
      people: [...this._members().map(person), ...this._presence.others],
      history: this._history
    });
  }

  _say(connection, text) {
    requireJoined(connection);

    if (!takeToken(connection)) {
      throw new BadMessageError(
        'too-fast',
        'That was a lot at once. Wait a moment and send it again.'
      );
    }

    this._publish({
      type: 'message',
      id: randomUUID(),
      from: person(connection),
      text,
      at: Date.now()
    });
  }

  _typing(connection) {
    requireJoined(connection);

    if (Date.now() - connection.typedAt < TYPING_MS) return;

    connection.typedAt = Date.now();
    this._publish(
      { type: 'typing', person: person(connection) },
      { except: connection.ws }
    );
  }

  _onClose(connection) {
    this._connections.delete(connection);

    if (connection.name !== null) {
      this._tell(this._members(), { type: 'left', person: person(connection) });
      this._presence.report();
    }
  }

  _members() {
    return [...this._connections].filter(({ name }) => name !== null);
  }

  // Two people never have the same name, so nobody can speak as somebody else.
  _freeName(wanted, ownId) {
    const people = [...this._members(), ...this._presence.others];
    const taken = new Set(
      people.filter(({ id }) => id !== ownId).map(({ name }) => fold(name))
    );
    let name = wanted;

    for (let n = 2; taken.has(fold(name)); n++) name = `${wanted} (${n})`;

    return name;
  }

  // Two processes may have given a name away at the same moment, or while they
  // did not hear each other. Both know which of the two has to change.
  _settleNames({ id, name }) {
    const double = this._members().find(
      (member) => fold(member.name) === fold(name) && member.id > id
    );

    if (double === undefined) return;

    double.name = this._freeName(name, double.id);
    this._tell(this._members(), { type: 'renamed', person: person(double) });
    this._presence.report();
  }

  _remember(message) {
    this._history.push(message);
    if (this._history.length > this._historySize) this._history.shift();
  }

  // What another process remembers, and this one may have missed.
  _merge(messages) {
    const known = new Set(this._history.map(({ id }) => id));
    const missed = messages.filter(({ id }) => !known.has(id));

    if (missed.length === 0) return;

    this._history = [...this._history, ...missed]
      .sort((one, other) => one.at - other.at)
      .slice(-this._historySize);
    this._tell(this._members(), { type: 'history', history: this._history });
  }

  /** To all who have joined, in all processes. */
  _publish(message, options) {
    this._topics.publish(TOPIC, JSON.stringify(message), options);
  }

  _tellOthers(connection, message) {
    const others = this._members().filter((member) => member !== connection);

    this._tell(others, message);
  }

  /** To people of this process. */
  _tell(members, message) {
    const json = JSON.stringify(message);

    for (const { ws } of members) {
      if (ws.readyState === WebSocket.OPEN) ws.send(json);
    }
  }
}

function person({ id, name }) {
  return { id, name };
}

function fold(name) {
  return name
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .toLowerCase();
}

function requireJoined({ name }) {
  if (name === null) {
    throw new BadMessageError('not-joined', 'Join with a name first.');
  }
}

function takeToken(connection) {
  const now = Date.now();
  const earned = (now - connection.refilledAt) / REFILL_MS;

  connection.tokens = Math.min(BURST, connection.tokens + earned);
  connection.refilledAt = now;
  if (connection.tokens < 1) return false;

  connection.tokens--;
  return true;
}

module.exports = Room;
