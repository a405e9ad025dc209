'use strict';

const assert = require('node:assert');
const { once } = require('node:events');
const { describe, it } = require('node:test');

const { Sender } = require('../..');
const { openThreaded, skipThreads: skip } = require('../support/threads');

/** Notes frames; gives the first bytes of those that a connection was to send. */
function noteFrames(t) {
  const { sendFrame } = Sender.prototype;
  const seen = [];

  t.mock.method(Sender.prototype, 'sendFrame', function (list, cb) {
    seen.push([this, list[0][0]]);
    return sendFrame.call(this, list, cb);
  });
  return (ws) =>
    seen.filter(([sender]) => sender === ws._sender).map(([, first]) => first);
}

describe('Who replaces sendFrame() of all senders', { skip }, () => {
  it('sees pongs of connections on I/O threads', async (t) => {
    const framesOf = noteFrames(t);
    const { pairs } = await openThreaded(t, 1);
    const [{ client, peer }] = pairs;

    for (const data of ['a', 'b']) {
      client.ping(data);
      assert.deepStrictEqual(await once(client, 'pong'), [Buffer.from(data)]);
    }
    assert.strictEqual(peer.transport, 'threads');
    assert.deepStrictEqual(framesOf(peer), [0x8a, 0x8a]);
  });

  it('sees messages there that are compressed', async (t) => {
    const framesOf = noteFrames(t);
    const { pairs } = await openThreaded(t, 1, {
      perMessageDeflate: { threshold: 0 }
    });
    const [{ client, peer }] = pairs;

    peer.on('message', (data, binary) => peer.send(data, { binary }));
    for (const data of ['first', 'second', 'third']) {
      client.send(data);
      assert.strictEqual(String((await once(client, 'message'))[0]), data);
    }
    assert.strictEqual(peer.transport, 'threads');
    assert.deepStrictEqual(framesOf(peer), [0xc1, 0xc1, 0xc1]);
  });

  it('sees them from then on, if that is later', async (t) => {
    const { pairs } = await openThreaded(t, 1, {
      perMessageDeflate: { threshold: 0 }
    });
    const [{ client, peer }] = pairs;
    const got = [];

    client.on('message', (data) => got.push(String(data)));
    for (let i = 0; i < 3; i++) peer.send(`before ${i}`);
    await once(client, 'message');

    const framesOf = noteFrames(t);

    for (let i = 0; i < 3; i++) peer.send(`behind ${i}`);
    while (got.length < 6) await once(client, 'message');
    assert.deepStrictEqual(got, [
      'before 0',
      'before 1',
      'before 2',
      'behind 0',
      'behind 1',
      'behind 2'
    ]);
    assert.deepStrictEqual(framesOf(peer).slice(-3), [0xc1, 0xc1, 0xc1]);
  });
});
