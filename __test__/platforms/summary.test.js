'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { summarize } = require('../../scripts/platforms/summary');

// What Node 20 to 26 write with the reporter `spec`.
const OUTPUT = `
test-node: 2 files, transports as by default

▶ A server
  ✔ answers (1.5ms)
  ✖ closes (20.25ms)
  ﹣ uses a Unix socket (0.1ms) # not on Windows
✖ A server (22ms)
﹣ is never run (0.2ms) # SKIP
✖ /somewhere/crashed.test.js (12.5ms)
ℹ tests 5
ℹ suites 1
ℹ pass 1
ℹ fail 2
ℹ cancelled 0
ℹ skipped 2
ℹ todo 0
ℹ duration_ms 60.5

✖ failing tests:

test at __test__/a.test.js:1:1
✖ closes (20.25ms)
  AssertionError [ERR_ASSERTION]: 1 == 2

test at __test__/crashed.test.js:1:1
✖ /somewhere/crashed.test.js (12.5ms)
  'test failed'

test-node: 1 files, transport stream forced

▶ A server
  ✔ answers (1.5ms)
  ﹣ uses a Unix socket (0.1ms) # not on Windows
✔ A server (22ms)
ℹ tests 3
ℹ suites 1
ℹ pass 1
ℹ fail 0
ℹ cancelled 1
ℹ skipped 1
`;

describe('The summary of a run', () => {
  it('adds up all runs, and says what failed and what was skipped once', () => {
    assert.deepStrictEqual(summarize(OUTPUT), {
      tests: 8,
      passed: 2,
      failed: 3,
      skipped: 3,
      failures: ['closes', '/somewhere/crashed.test.js'],
      skips: ['uses a Unix socket: not on Windows', 'is never run: no reason']
    });
  });

  it('reads the ends of lines of Windows', () => {
    assert.deepStrictEqual(
      summarize(OUTPUT.replaceAll('\n', '\r\n')),
      summarize(OUTPUT)
    );
  });

  it('takes no failed suite of a later file for a failed test', () => {
    const file = `▶ A client
  ✖ connects (2ms)
✖ A client (3ms)
ℹ tests 1
ℹ fail 1

✖ failing tests:

test at __test__/a.test.js:1:1
✖ connects (2ms)
`;

    assert.deepStrictEqual(summarize(file + file).failures, ['connects']);
  });

  it('is empty where nothing was written', () => {
    const { failures, skips, tests } = summarize('');
    assert.deepStrictEqual(
      { failures, skips, tests },
      { failures: [], skips: [], tests: 0 }
    );
  });
});
