'use strict';

const { v8 } = require('../builtins');

/**
 * Has V8 free the memory of long messages while that is cheap.
 *
 * Up to V8 12 enough memory of young buffers had V8 collect young objects,
 * which takes a fifth of a millisecond. From V8 13 on (Node 24) all buffers
 * count, and 64 MiB of them have it mark the whole heap before the young ones
 * were enough: echoes of 64 KiB took 1.4 times as long as on Node 20, those of
 * 1 MiB twice as long. There is no other way to ask for the cheap collection
 * than to fill the space that V8 has for young objects.
 */

/**
 * After so many bytes of messages it is asked for: a quarter of what V8 waits
 * for.
 */
const ENOUGH = 16 << 20;

/** A long message. Shorter ones are freed with the young objects around them. */
const LONG = 16 * 1024;

/** Elements of an array of 64 KiB; V8 puts larger objects elsewhere. */
const FILLER = 8000;
const FILLER_SIZE = 8 * FILLER;

const isNeeded =
  Number(process.versions.v8?.split('.')[0]) >= 13 &&
  !process.versions.bun &&
  !process.versions.deno;

let count = 0;

/** Keeps V8 from seeing that nobody uses the filler. */
const sink = { filler: null };

/**
 * Notes memory that was taken for a message.
 *
 * @param {Number} length Its bytes
 */
function noteMemory(length) {
  if (!isNeeded || length < LONG) return;

  count += length;
  if (count < ENOUGH) return;

  count = 0;
  collectYoung();
}

function collectYoung() {
  const space = v8
    .getHeapSpaceStatistics()
    .find(({ space_name: name }) => name === 'new_space');

  if (space === undefined) return;

  for (let left = space.space_available_size; left >= 0; left -= FILLER_SIZE) {
    sink.filler = new Array(FILLER);
  }

  sink.filler = null;
}

module.exports = noteMemory;
