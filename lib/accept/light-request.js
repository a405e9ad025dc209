'use strict';

const { http } = require('../builtins');

/**
 * Keeps the head of a request that was read natively, as one string, where no
 * program sees it. (A hidden property would take longer to define than all the
 * others.)
 */
class Head extends Itself {
  #head;

  constructor(request, head) {
    super(request);
    this.#head = head;
  }

  /**
   * @return {String|undefined} The head of a request, if that was read natively
   */
  static of(request) {
    return #head in request ? request.#head : undefined;
  }
}

/**
 * A class that inherits from this adds its private fields to the object that it
 * is given.
 */
function Itself(object) {
  return object;
}

/**
 * Makes the request of a connection that was accepted natively: an
 * `IncomingMessage` as Node's HTTP server makes it, but for the parser.
 *
 * @param {String} head The head
 * @param {LightSocket} socket The socket it came on
 * @param {http.Server} server Whose socket that is
 * @return {http.IncomingMessage} The request
 */
function makeRequest(head, socket, server) {
  const request = new http.IncomingMessage(socket);
  const lines = linesOf(head);

  request.httpVersionMajor = 1;
  request.httpVersionMinor = 1;
  request.httpVersion = '1.1';
  request.joinDuplicateHeaders = server.joinDuplicateHeaders || null;
  request.url = head.slice(4, head.indexOf(' ', 4));
  request.method = 'GET';
  request.upgrade = true;
  request._addHeaderLines(lines, lines.length);
  request.complete = true;
  request.push(null);
  request.parser = null;
  new Head(request, head);
  return request;
}

/** Names and values by turns, as they were sent. */
function linesOf(head) {
  const rawHeaders = [];
  let start = head.indexOf('\r\n') + 2;
  let end;

  // The last line is empty.
  while ((end = head.indexOf('\r\n', start)) > start) {
    const colon = head.indexOf(':', start);

    rawHeaders.push(head.slice(start, colon), trimmed(head, colon + 1, end));
    start = end + 2;
  }

  return rawHeaders;
}

/** As Node's parser does: what may stand around a value is no part of it. */
function trimmed(head, start, end) {
  while (start < end && isBlank(head.charCodeAt(start))) start++;
  while (end > start && isBlank(head.charCodeAt(end - 1))) end--;

  return head.slice(start, end);
}

function isBlank(code) {
  return code === 0x20 || code === 0x09;
}

/**
 * What stands before the key of a handshake, and the length of that: 16 bytes
 * in base64.
 */
const KEY_NAME = '\nsec-websocket-key:';
const KEY_LENGTH = 24;

/** Find the headers that every handshake is asked for. */
const patterns = Object.fromEntries(
  [
    'sec-websocket-extensions',
    'sec-websocket-key',
    'sec-websocket-protocol'
  ].map((name) => [name, new RegExp(`\\n${name}:[\\t ]*(\\S*)`, 'i')])
);

/**
 * Looks up a header that every handshake is asked for, without making an object
 * of all headers if the request was read natively.
 *
 * @param {http.IncomingMessage} request The request
 * @param {String} name One of `patterns`
 * @return {String|undefined} The value
 */
function lookUp(request, name) {
  const head = Head.of(request);

  return head !== undefined && !patterns[name].test(head)
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
  const head = Head.of(request);

  if (head === undefined) return request.headers['sec-websocket-key'];

  // Other than exec(), search() makes no objects.
  let start = head.search(patterns['sec-websocket-key']) + KEY_NAME.length;

  while (isBlank(head.charCodeAt(start))) start++;

  return head.slice(start, start + KEY_LENGTH);
}

/**
 * @param {http.IncomingMessage} request One that was read natively
 * @return {Number} The bytes of its head
 */
function lengthOf(request) {
  return Head.of(request).length;
}

module.exports = { keyOf, lengthOf, lookUp, makeRequest };
