'use strict';

const { openAudience } = require('./audience');
const { MemoryBroker } = require('./memory-broker');
const { Topics } = require('../../index');

/** An envelope of somebody else's. */
const HEAD = Buffer.from([1, 0, ...Buffer.alloc(16, 7)]);

/**
 * Topics of two processes, so to speak, with two subscribers of `room` each.
 */
async function openBoth(t, options) {
  const broker = new MemoryBroker();
  const sides = [];

  for (let i = 0; i < 2; i++) {
    const side = await openAudience(t, { count: 2, ...options });

    side.adapter = broker.adapter();
    side.topics = new Topics({ adapter: side.adapter });
    side.errors = [];
    side.topics.on('error', (err) => side.errors.push(err));
    for (const ws of side.ws) side.topics.subscribe(ws, 'room');
    side.adapter.takeCalls();
    sides.push(side);
  }

  return { broker, here: sides[0], there: sides[1] };
}

module.exports = { HEAD, openBoth };
