'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { skipTouches, turns } = require('../support/loop');
const { open } = require('../support/noted');
const { closeOf } = require('../support/pairs');
const { eventually } = require('../support/patience');

/** More than the kernel takes on loopback. */
const LONG = 32_000_000;

describe("A 'drain' listener", { skip: skipTouches }, () => {
  it('may send what has to be drained again', async (t) => {
    const { client, note, outcomes, peer, received } = await open(t);
    let left = 3;

    client.pause();
    await turns();
    peer._socket.on('drain', () => {
      if (left-- > 0) peer.send(Buffer.alloc(LONG), note('again'));
    });
    peer.send(Buffer.alloc(LONG), note('first'));
    client.resume();
    await eventually(
      () => received.length === 4 && outcomes.length === 4,
      () => `${received} ${outcomes}`
    );
    assert.deepStrictEqual(outcomes, ['first', 'again', 'again', 'again']);
  });

  it('may destroy the socket', async (t) => {
    const { client, note, outcomes, peer } = await open(t);
    const over = closeOf(peer);

    client.pause();
    await turns();
    peer._socket.on('drain', () => peer._socket.destroy());
    peer.send(Buffer.alloc(LONG), note('long'));
    client.resume();
    await over;
    await turns();
    assert.deepStrictEqual(outcomes, ['long']);
  });
});
