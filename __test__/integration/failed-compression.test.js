'use strict';

/* global once, serve -- the programs begin with them */

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

/**
 * A server sends a message that our native code fails to compress, or to
 * inflate at the client, as if there had been a panic; then one to another
 * client, for which there is one place in the line of jobs.
 */
async function main({ direction, length }) {
  const native = require('./lib/native');
  const { FAILED } = require('./lib/compression/faults');
  const { codecAway, codecRun, takeDone } = native;
  const perMessageDeflate = { concurrencyLimit: 1, threshold: 0 };
  const wss = await serve({ perMessageDeflate });
  const log = [];
  // The first call of the server deflates, the second one inflates.
  let calls = direction === 'deflate' ? 0 : -1;
  const failing = new Set();

  native.codecRun = (...args) =>
    calls++ === 0 ? FAILED : codecRun.apply(native, args);
  native.codecAway = (...args) => {
    const job = codecAway.apply(native, args);

    if (calls++ === 0) failing.add(job);
    return job;
  };
  native.takeDone = () =>
    takeDone
      .call(native)
      .map((item, i, all) =>
        i % 2 === 1 && failing.has(all[i - 1]) ? FAILED : item
      );

  const open = async (name) => {
    const client = new WebSocket(wss.url, { perMessageDeflate: true });
    const [[peer]] = await Promise.all([
      once(wss, 'connection'),
      once(client, 'open')
    ]);

    for (const [end, ws] of [
      ['server', peer],
      ['client', client]
    ]) {
      ws.on('error', (err) => log.push(`${name} ${end} ${err.code}`));
      ws.on('close', (code) => log.push(`${name} ${end} ${code}`));
    }

    client.on('message', (data) => log.push(`${name} gets ${data.length}`));
    const closed = (ws) => new Promise((resolve) => ws.on('close', resolve));

    return { client, peer, closed: Promise.all([peer, client].map(closed)) };
  };
  // Text of which DEFLATE makes little, so that it is long both ways.
  const text = Array.from({ length }, (_, i) =>
    String.fromCharCode(33 + ((i * i * 7919 + (i >> 3) * 31) % 90))
  ).join('');

  const one = await open('one');
  const other = await open('other');

  one.peer.send(text, (err) => log.push(`callback ${err && err.code}`));
  await one.closed;
  other.peer.send(text);
  await once(other.client, 'message');
  log.push(`other is ${other.peer.readyState === 1 ? 'open' : 'closed'}`);
  other.client.terminate();
  other.peer.terminate();
  wss.close();
  console.log(JSON.stringify(log));
}

describe('A message that our native code fails to', () => {
  for (const [length, where] of [
    [100, 'on the event loop'],
    [100_000, 'on another thread']
  ]) {
    it(`compress ${where} ends its connection, and no other`, async () => {
      const log = await evaluate(main, {
        argument: { direction: 'deflate', length }
      });

      assert.deepStrictEqual(
        log.filter((line) => !line.startsWith('one client')),
        [
          'callback WS_RS_COMPRESSION_FAILED',
          'one server WS_RS_COMPRESSION_FAILED',
          'one server 1006',
          `other gets ${length}`,
          'other is open'
        ]
      );
      assert.ok(log.includes('one client 1006'));
    });

    it(`inflate ${where} ends its connection, and no other`, async () => {
      const log = await evaluate(main, {
        argument: { direction: 'inflate', length }
      });

      assert.deepStrictEqual(
        log.filter((line) => !line.startsWith('one server')),
        [
          'callback null',
          'one client WS_RS_COMPRESSION_FAILED',
          'one client 1006',
          `other gets ${length}`,
          'other is open'
        ]
      );
      assert.ok(log.includes('one server 1011'));
    });
  }
});
