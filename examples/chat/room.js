'use strict';

// One chat room: who is in it, what was said last, and who hears what.
// It knows WebSockets, but nothing of HTTP, so it works with any server.

const { randomUUID } = require('node:crypto');
const { WebSocket } = require('../..');
const { BadMessageError, parseMessage } = require('./messages.js');

// A token bucket per person: bursts of BURST messages, then one per REFILL_MS.
const BURST = 8;
const REFILL_MS = 750;
const TYPING_MS = 1000; // the others hear of somebody's typing once in so long

// A tab that does not read is dropped rather than buffered for without end.
const MAX_BUFFERED = 1024 * 1024;

/** One chat room. */
class Room {
  /**
   * @param {object} [options]
   * @param {number} [options.historySize=50] messages shown to a newcomer
   * @param {number} [options.heartbeat=30000] milliseconds between pings; who has
   *     not answered by the next one is dropped
   */
  constructor({ historySize = 50, heartbeat = 30000 } = {}) {
    this._historySize = historySize;
    this._history = [];
    this._nextId = 1;
    this._connections = new Set();
    this._timer = setInterval(() => this._checkHeartbeats(), heartbeat);
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
      alive: true,
      tokens: BURST,
      refilledAt: Date.now(),
      typedAt: 0,
      ws
    };

    this._connections.add(connection);

    ws.on('message', (data, isBinary) => {
      this._onMessage(connection, data, isBinary);
    });
    ws.on('pong', () => {
      connection.alive = true;
    });
    ws.on('close', () => this._onClose(connection));
    // Without a listener, the protocol error of one client would end the server.
    ws.on('error', (error) => {
      console.error(`Connection ${connection.id} failed: ${error.message}`);
    });
  }

  /**
   * Says goodbye to everybody and stops the heartbeat.
   *
   * @param {string} reason shown to the clients, at most 123 bytes
   */
  close(reason) {
    clearInterval(this._timer);
    for (const { ws } of this._connections) ws.close(1001, reason);
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
    this._tell([connection], {
      type: 'welcome',
      you: person(connection),
      people: this._members().map(person),
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

    const message = {
      type: 'message',
      id: this._nextId++,
      from: person(connection),
      text,
      at: Date.now()
    };

    this._history.push(message);
    if (this._history.length > this._historySize) this._history.shift();

    this._tell(this._members(), message);
  }

  _typing(connection) {
    requireJoined(connection);

    if (Date.now() - connection.typedAt < TYPING_MS) return;

    connection.typedAt = Date.now();
    this._tellOthers(connection, {
      type: 'typing',
      person: person(connection)
    });
  }

  _onClose(connection) {
    this._connections.delete(connection);

    if (connection.name !== null) {
      this._tell(this._members(), { type: 'left', person: person(connection) });
    }
  }

  _checkHeartbeats() {
    for (const connection of this._connections) {
      if (!connection.alive) {
        connection.ws.terminate();
        continue;
      }

      connection.alive = false;
      connection.ws.ping();
    }
  }

  _members() {
    return [...this._connections].filter(({ name }) => name !== null);
  }

  // Two people never have the same name, so nobody can speak as somebody else.
  _freeName(wanted) {
    const taken = new Set(this._members().map(({ name }) => fold(name)));
    let name = wanted;

    for (let n = 2; taken.has(fold(name)); n++) name = `${wanted} (${n})`;

    return name;
  }

  _tellOthers(connection, message) {
    const others = this._members().filter((member) => member !== connection);

    this._tell(others, message);
  }

  _tell(members, message) {
    const json = JSON.stringify(message);

    for (const { ws } of members) send(ws, json);
  }
}

function send(ws, json) {
  if (ws.readyState !== WebSocket.OPEN) return;

  if (ws.bufferedAmount > MAX_BUFFERED) ws.terminate();
  else ws.send(json);
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
