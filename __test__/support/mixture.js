'use strict';

const COUNT = 40;

/**
 * Sends a connection what is its own and what is for all, by turns: long and
 * short, and much of it as before.
 *
 * @param {WebSocketServer} wss The server
 * @param {WebSocket} ws One of its connections
 */
function sendMixture(wss, ws) {
  for (let i = 0; i < COUNT; i++) {
    const text = `${i} ${'what comes again, '.repeat(7 ** (i % 5))}`;

    ws.send(`own ${text}`);
    wss.broadcast(`all ${text}`);
  }
}

/** What then is received, as an expression of JavaScript, of any age. */
const EXPECTED = `(() => {
  const expected = [];
  for (let i = 0; i < ${COUNT}; i++) {
    const text = i + ' ' + 'what comes again, '.repeat(7 ** (i % 5));
    expected.push('own ' + text, 'all ' + text);
  }
  return expected;
})()`;

module.exports = { EXPECTED, sendMixture };
