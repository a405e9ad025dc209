'use strict';

/**
 * Tests that fail, by design, where test-forced.js forces something. By the file,
 * without `.test.js`, and the titles of the suites and of the test.
 *
 * @type {Record<'threads'|'tls', {file: String, test: String, reason: String}[]>}
 */
const BY_DESIGN = {
  threads: [
    {
      file: 'api/websocket-events',
      test: 'Automatic pongs > go through ws.pong(), which can be overridden',
      reason:
        'its pong() is set on an open connection, whose pings a thread answers'
    },
    {
      file: 'conformance/rfc6455-control',
      test: 'RFC 6455, 5.5, control frames, as a server > gives up a peer that pings faster than pongs are sent',
      reason: 'the thread writes pongs at once, so that none waits'
    },
    {
      file: 'wire/light-socket',
      test: 'A light socket > refuses what is written behind its end as every socket does',
      reason:
        'the end is behind the close frame, which a thread has not written yet'
    },
    {
      file: 'wire/loop-drain',
      test: 'What many connections send in one turn of the loop > to all reaches each, in order, and waits for other sockets',
      reason: 'it wants bytes at the peer before the listener has returned'
    },
    {
      file: 'wire/loop-socket',
      test: 'A paused connection that was on loop, as with ws, > lets TCP stop the peer, and loses nothing',
      reason: 'of 128 KiB read ahead: threads read up to 512 KiB'
    }
  ],
  tls: [
    {
      file: 'api/metrics',
      test: 'The metrics of a server, over tls, > count connections by where they are, and closed ones by their codes',
      reason: 'it wants them accepted by Node'
    },
    {
      file: 'wire/loop-promotion',
      test: 'A connection stays on the stream transport > over TLS',
      reason: 'by its name: it is on loop'
    },
    {
      file: 'wire/outbox-sockets',
      test: 'On a TLS socket > frames that are sent before terminate() go out, or fail',
      reason:
        'the second frame goes out, too, as on TCP, and its callback says so'
    }
  ]
};

/** Files, by how their paths begin, that are not run so. */
const LEFT_OUT = {
  threads: [
    {
      start: 'ecosystem/',
      reason: 'other programs do not go with a preload of this checkout'
    },
    { start: 'differential', reason: 'the fuzzer has modes of its own' },
    {
      start: 'native/no-binary-error',
      reason: 'without a binary the preload fails first'
    },
    {
      start: 'wire/loop-few',
      reason: 'about handles that libuv has for sockets on the loop'
    },
    {
      start: 'integration/failed-compression',
      reason: 'has calls of the event loop fail that are not made'
    }
  ],
  tls: [
    { start: 'ecosystem/', reason: 'other programs' },
    { start: 'differential', reason: 'the fuzzer has modes of its own' }
  ]
};

module.exports = { BY_DESIGN, LEFT_OUT };
