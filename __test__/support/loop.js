'use strict';

const assert = require('node:assert');
const { setImmediate: turn } = require('node:timers/promises');

const native = require('../../lib/native');
const { openPair } = require('./pairs');
const { PATIENCE } = require('./patience');

/** Why tests of the loop transport do not run here, or `false`. */
const skip =
  process.env.WS_RS_TRANSPORT === 'stream'
    ? 'the stream transport is forced'
    : native.loopAvailable() !== 1 && 'there is no loop transport here';

/** Why tests of what is promoted and demoted do not run here, or `false`. */
const skipTouches =
  process.env.WS_RS_TRANSPORT === 'loop'
    ? 'the loop transport is forced, which nothing demotes'
    : skip;

/**
 * Waits for a condition, looked at in each turn of the event loop, and fails when
 * it does not come about: what would hang says what it waited for.
 */
async function until(condition) {
  const deadline = Date.now() + PATIENCE;

  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`Waited in vain: ${condition}`);
    await turn();
  }
}

/** Lets a few turns go by, in which a connection would have been promoted. */
async function turns(count = 5) {
  for (let i = 0; i < count; i++) await turn();
}

/** As `openPair()`, and both ends have been promoted. */
async function openLoopPair(t, options) {
  const pair = await openPair(t, options);

  await turns();
  assert.deepStrictEqual(
    [pair.client.transport, pair.peer.transport],
    ['loop', 'loop']
  );
  return pair;
}

/** Opens a conversation (see conversation.js) whose end of ours is on loop. */
async function openOnLoop(connect) {
  const conversation = await connect();

  await turns();
  assert.strictEqual(conversation.ws.transport, 'loop');
  conversation.before = conversation.ws._socket.bytesRead;
  return conversation;
}

/** Has the peer of a conversation send bytes, and waits for them to be read. */
async function deliver(conversation, bytes) {
  const { ws } = conversation;
  const expected = ws._socket.bytesRead + bytes.length;

  conversation.write(bytes);
  await until(() => ws._socket.bytesRead >= expected || ws.readyState === 3);
}

module.exports = {
  deliver,
  openLoopPair,
  openOnLoop,
  skip,
  skipTouches,
  turns,
  until
};
