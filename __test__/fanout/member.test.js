'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const Member = require('../../lib/fanout/member');
const { openPair } = require('../support/pairs');

describe('Member', () => {
  it('is one for a connection, and known by its native half', async (t) => {
    const { peer } = await openPair(t);

    assert.strictEqual(Member.idOf(peer), -1);

    const member = Member.of(peer);

    assert.strictEqual(Member.of(peer), member);
    assert.strictEqual(Member.idOf(peer), member.id);
    assert.strictEqual(Member.websocketOf(member.id), peer);
  });

  it('is forgotten when its connection is closed', async (t) => {
    const { client, peer } = await openPair(t);
    const { id } = Member.of(peer);
    const closed = once(peer, 'close');

    client.close();
    await closed;
    assert.strictEqual(Member.websocketOf(id), undefined);
  });

  it('gives nothing for what is no WebSocket', () => {
    for (const other of [undefined, null, 1, {}]) {
      assert.strictEqual(Member.idOf(other), -1);
    }
  });
});
