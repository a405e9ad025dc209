'use strict';

const http = require('http');

/** On a request that was read natively: its head, as one string. */
const kHead = Symbol('ws-rs.head');

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
  Object.defineProperty(request, kHead, { value: head });
  return request;
}

/** Names and values by turns, as they were sent. */
function linesOf(head) {
  const rawHeaders = [];

  // The last two are the end of the last line and the empty one.
  for (const line of head.split('\r\n').slice(1, -2)) {
    const colon = line.indexOf(':');

    rawHeaders.push(line.slice(0, colon), trim(line.slice(colon + 1)));
  }

  return rawHeaders;
}

/** As Node's parser does: what may stand around a value is no part of it. */
function trim(value) {
  return value.replace(/^[\t ]+|[\t ]+$/g, '');
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
 * Looks up a header that a handshake is asked for; those of a request that was
 * read natively are not put together for one that is not there.
 *
 * @param {http.IncomingMessage} request The request
 * @param {String} name One of `patterns`
 * @return {String|undefined} The value
 */
function lookUp(request, name) {
  const head = request[kHead];

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
  const head = request[kHead];

  return head === undefined
    ? request.headers['sec-websocket-key']
    : patterns['sec-websocket-key'].exec(head)[1];
}

/**
 * @param {http.IncomingMessage} request One that was read natively
 * @return {Number} The bytes of its head
 */
function lengthOf(request) {
  return request[kHead].length;
}

module.exports = { keyOf, lengthOf, lookUp, makeRequest };
