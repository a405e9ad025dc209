'use strict';

const http = require('http');

const { build, define, deferFields } = require('../wire/lazy-fields');

/** On a light request: its head, and what of it was asked for. */
const kHead = Symbol('ws-rs.head');

const requestPrototype = http.IncomingMessage.prototype;

/** What there is of a request that Node has not made. */
class Head {
  constructor(text, socket, server) {
    this.text = text;
    this.socket = socket;
    this.joins = server.joinDuplicateHeaders || null;
    this.isConstructed = false;
    this.rawHeaders = null;
    this.headers = null;
  }

  /** @return {String[]} Names and values by turns, as they were sent */
  lines() {
    if (this.rawHeaders === null) {
      this.rawHeaders = [];

      // The last two are the end of the last line and the empty one.
      for (const line of this.text.split('\r\n').slice(1, -2)) {
        const colon = line.indexOf(':');

        this.rawHeaders.push(line.slice(0, colon), trim(line.slice(colon + 1)));
      }
    }

    return this.rawHeaders;
  }

  /** @return {Object} Values by name, as Node joins them */
  byName() {
    if (this.headers === null) {
      const lines = this.lines();
      // Instead of the request: Node asks it how to join duplicates.
      const asker = { joinDuplicateHeaders: this.joins };

      this.headers = {};

      for (let i = 0; i < lines.length; i += 2) {
        requestPrototype._addHeaderLine.call(
          asker,
          lines[i],
          lines[i + 1],
          this.headers
        );
      }
    }

    return this.headers;
  }
}

/**
 * A request to be upgraded that was accepted natively: an `IncomingMessage` that
 * is constructed in place when somebody touches what only that has.
 *
 * @param {String} text The head
 * @param {LightSocket} socket The socket it came on
 * @param {http.Server} server Whose socket that is
 */
function LightRequest(text, socket, server) {
  this[kHead] = new Head(text, socket, server);
}

/** Finds the lines of headers that each handshake is asked for. */
const patterns = Object.fromEntries(
  [
    'sec-websocket-extensions',
    'sec-websocket-key',
    'sec-websocket-protocol'
  ].map((name) => [name, new RegExp(`\\n${name}:[\\t ]*(\\S*)`, 'i')])
);

/**
 * Looks up a header that a handshake is asked for; those of a light request are
 * not parsed for one that is not there.
 *
 * @param {http.IncomingMessage} request The request
 * @param {String} name One of `patterns`
 * @return {String|undefined} The value
 */
function lookUp(request, name) {
  const head = request[kHead];

  return head && head.headers === null && !patterns[name].test(head.text)
    ? undefined
    : request.headers[name];
}

/**
 * Looks up the key of the handshake, which has no spaces.
 *
 * @param {http.IncomingMessage} request The request
 * @return {String} The key
 */
function keyOf(request) {
  const head = request[kHead];

  return head && head.headers === null
    ? patterns['sec-websocket-key'].exec(head.text)[1]
    : request.headers['sec-websocket-key'];
}

/**
 * @param {LightRequest} request The request
 * @return {Number} The bytes of its head
 */
function lengthOf(request) {
  return request[kHead].text.length;
}

/** What is answered from the head; a program may put something else there. */
const fields = {
  aborted: () => false,
  client: ({ socket }) => socket,
  complete: () => true,
  httpVersion: () => '1.1',
  httpVersionMajor: () => 1,
  httpVersionMinor: () => 1,
  joinDuplicateHeaders: ({ joins }) => joins,
  method: () => 'GET',
  rawHeaders: (head) => head.lines(),
  socket: ({ socket }) => socket,
  statusCode: () => null,
  statusMessage: () => null,
  upgrade: () => true,
  url: ({ text }) => text.slice(4, text.indexOf(' ', 4))
};

LightRequest.prototype = Object.create(requestPrototype);

for (const name of Object.keys(fields)) {
  const read = fields[name];

  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    enumerable: true,
    get() {
      const head = this[kHead];

      return head ? read(head) : undefined;
    },
    set(value) {
      define(this, name, value);
    }
  });
}

Object.defineProperty(LightRequest.prototype, 'headers', {
  configurable: true,
  get() {
    const head = this[kHead];

    return head && !head.isConstructed
      ? head.byName()
      : Reflect.get(requestPrototype, 'headers', this);
  },
  set(value) {
    materialize(this);
    Reflect.set(requestPrototype, 'headers', value, this);
  }
});

deferFields(LightRequest.prototype, new http.IncomingMessage(), materialize);

/**
 * Makes it a request as all others, for good.
 *
 * @param {LightRequest} request One that may be light
 */
function materialize(request) {
  const head = request[kHead];

  if (!head || head.isConstructed) return;

  head.isConstructed = true;

  // What a program has put there stays.
  const own = Object.keys(fields)
    .filter((name) => Object.hasOwn(request, name))
    .map((name) => [name, request[name]]);

  build(request, () => http.IncomingMessage.call(request, head.socket));

  for (const name of Object.keys(fields)) {
    define(request, name, fields[name](head));
  }

  // Names and values, of which Node makes the headers when asked.
  request.complete = false;
  request._addHeaderLines(head.lines(), head.lines().length);
  if (head.headers !== null) {
    Reflect.set(requestPrototype, 'headers', head.headers, request);
  }
  request.complete = true;
  request.push(null);
  define(request, 'parser', null);

  for (const [name, value] of own) request[name] = value;
}

/** As Node's parser does: what may stand around a value is no part of it. */
function trim(value) {
  return value.replace(/^[\t ]+|[\t ]+$/g, '');
}

module.exports = { keyOf, lengthOf, LightRequest, lookUp };
