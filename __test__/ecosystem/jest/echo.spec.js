'use strict';

const fs = require('node:fs');

const lib = require('../../..');
const { converse, ECHOED } = require('./conversation');

test.each([false, true])('messages move; compressed: %p', async (deflate) => {
  expect(await converse(lib, { perMessageDeflate: deflate })).toEqual(ECHOED);
});

test('it says in which process it is', () => {
  fs.appendFileSync(process.env.WS_RS_TEST_PIDS, `${process.pid}\n`);
});
