'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { evaluate } = require('../support/programs');

const isNeeded = Number(process.versions.v8.split('.')[0]) >= 13;

/** How many collections of the two kinds V8 makes for memory that is noted. */
function collections(length) {
  return evaluate(
    async (length) => {
      const { constants, PerformanceObserver } = require('node:perf_hooks');
      const noteMemory = require('./lib/memory/young-memory');
      const kinds = [];
      const observer = new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) kinds.push(entry.detail.kind);
      });

      observer.observe({ entryTypes: ['gc'] });
      // What loading the package began ends with this one, whose entry comes later.
      globalThis.gc();
      while (!kinds.includes(constants.NODE_PERFORMANCE_GC_MAJOR)) {
        await new Promise(setImmediate);
      }
      kinds.length = 0;
      for (let i = 0; i < 64 << 20; i += length) noteMemory(length);
      // Entries come a little later.
      await new Promise((resolve) => setTimeout(resolve, 100));

      const count = (kind) => kinds.filter((other) => other === kind).length;

      console.log(
        JSON.stringify({
          major: count(constants.NODE_PERFORMANCE_GC_MAJOR),
          minor: count(constants.NODE_PERFORMANCE_GC_MINOR)
        })
      );
    },
    { argument: length, flags: ['--expose-gc'] }
  );
}

describe('The memory of messages', () => {
  it('has young objects collected for each 16 MiB of long ones', async () => {
    const { major, minor } = await collections(1 << 20);

    assert.strictEqual(major, 0);
    if (isNeeded) assert.ok(minor >= 4, String(minor));
    else assert.strictEqual(minor, 0);
  });

  it('does not for short ones', async () => {
    const { major, minor } = await collections(1024);

    assert.strictEqual(major, 0);
    // V8 may want one itself: under qemu it does in an empty loop, too.
    assert.ok(minor <= 1, String(minor));
  });
});
