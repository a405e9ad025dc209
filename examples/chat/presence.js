'use strict';

// Who is in the room in the other processes, if there are any.
//
// Each process tells the others who its people are: when that changes, and every
// few seconds. Who is not heard for a while has gone, with all of its people. So
// the lists agree again after whatever happened, a lost message or a crash.
//
//   { "type": "people", "server": "…", "people": [{ "id": "…", "name": "Ada" }] }
//   { "type": "hello", "server": "…", "people": […], "history": […] }
//   { "type": "answer", … }   the same, to who says hello
//   { "type": "gone", "server": "…" }

const { randomUUID } = require('node:crypto');
const { EventEmitter } = require('node:events');
const { parseOwn } = require('./messages.js');

const TOPIC = 'servers';
const SILENT = 5; // times that a process may not be heard before it has gone

/**
 * The people of the other processes. Events: `joined`, `left` and `renamed` (a
 * person), `history` (messages that another process remembers).
 */
class Presence extends EventEmitter {
  /**
   * @param {Topics} topics how the processes hear each other
   * @param {object} own
   * @param {() => object[]} own.people who is here
   * @param {() => object[]} own.history what this process remembers
   * @param {number} own.interval milliseconds between two reports
   */
  constructor(topics, { history, interval, people }) {
    super();
    this._topics = topics;
    this._getHistory = history;
    this._getPeople = people;
    this._interval = interval;
    this._id = randomUUID();
    this._isClosed = false;
    this._servers = new Map(); // server id -> { people: Map, heardAt }

    topics.listen(TOPIC, (data) => this._hear(data));
    topics.on('reconnect', () => this._greet());
    topics.ready().then(
      () => this._greet(),
      () => {} // closed before
    );
    this._timer = setInterval(() => this._look(), interval);
  }

  /** @returns {object[]} the people of all other processes */
  get others() {
    return [...this._servers.values()].flatMap(({ people }) => [
      ...people.values()
    ]);
  }

  /** Tells the others who is here, as that has changed. */
  report() {
    this._tell('people', { people: this._getPeople() });
  }

  /** Tells the others that this process ends. */
  close() {
    clearInterval(this._timer);
    this._tell('gone', {});
    this._isClosed = true;
  }

  // Both tell what they remember: of two that come back after an outage only the
  // first one's hello may have found nobody.
  _greet(type = 'hello') {
    this._tell(type, {
      history: this._getHistory(),
      people: this._getPeople()
    });
  }

  _tell(type, fields) {
    if (this._isClosed) return;

    this._topics.publish(
      TOPIC,
      JSON.stringify({ type, server: this._id, ...fields })
    );
  }

  _hear(data) {
    const { history, people = [], server, type } = parseOwn(data);

    if (!server || server === this._id || this._isClosed) return;

    this._meet(server, people);
    if (type === 'gone') this._servers.delete(server);
    if (history !== undefined) this.emit('history', history);
    if (type === 'hello') this._greet('answer');
  }

  _meet(server, list) {
    const before = this._servers.get(server)?.people ?? new Map();
    const people = new Map(list.map((person) => [person.id, person]));

    this._servers.set(server, { heardAt: Date.now(), people });
    for (const person of before.values()) {
      if (!people.has(person.id)) this.emit('left', person);
    }

    for (const person of list) {
      const old = before.get(person.id);

      if (old === undefined) this.emit('joined', person);
      else if (old.name !== person.name) this.emit('renamed', person);
    }
  }

  _look() {
    const oldest = Date.now() - SILENT * this._interval;

    this.report();
    for (const [server, { heardAt }] of this._servers) {
      if (heardAt >= oldest) continue;

      this._meet(server, []);
      this._servers.delete(server);
    }
  }
}

module.exports = Presence;
