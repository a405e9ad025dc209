'use strict';

// What the outbox of a connection can be at when the connection ends. Each state is brought about in
// two steps: `before` the tick of the end, and `within` it, right before the end.

const assert = require('node:assert');

const { sleep } = require('../ends');

/** More than the kernel takes from a writer whose peer does not read. */
const LONG = 9e6;

/** Bytes that do not compress to nothing. */
function bytesOf(length) {
  const bytes = Buffer.alloc(length);

  for (let i = 0; i < length; i++) bytes[i] = (i * i + (i >> 8)) & 0xff;
  return bytes;
}

const long = bytesOf(LONG);
const medium = bytesOf(300000);
const record = bytesOf(20000);

const STATES = {
  empty: { within() {} },

  'frames of this tick': {
    within(ledger) {
      ledger.send('one');
      ledger.send(record.subarray(0, 200));
      ledger.ping('three');
      ledger.send('four'.repeat(500));
    }
  },

  'blocked in a long message': {
    async before(ledger, { socket, ws }) {
      socket.pause();
      ledger.send(long, { isLong: true });
      await sleep(5);
      ledger.send('waiting since the tick before');
      ledger.ping('too');
      await sleep(2);
      assert.ok(ws.bufferedAmount > 0, 'The long message is not written yet');
    },
    within(ledger) {
      ledger.send('of the tick');
      ledger.send(record);
    }
  },

  'a write in flight': {
    // The kernel takes so much before send() returns.
    exists: ({ wire }) => wire === 'tls' || wire === 'duplex',
    within(ledger) {
      ledger.send(record);
      ledger.send('behind it');
      ledger.ping('too');
    }
  },

  compressing: {
    deflate: true,
    within(ledger) {
      ledger.send(medium);
      ledger.send('behind it');
      ledger.ping('too');
      ledger.send(medium.toString('latin1'));
    }
  },

  'reading a Blob': {
    within(ledger) {
      ledger.sendBlob(record);
      ledger.send('behind it');
      ledger.ping('too');
    }
  }
};

module.exports = STATES;
