'use strict';

/**
 * A server and a client in one test, as users of ws write them.
 *
 * @param {Object} lib The package
 * @param {Object} [options] Of the server
 * @return {Promise<String[]>} What came back, for messages of many kinds
 */
async function converse({ WebSocket, WebSocketServer }, options) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });

  await new Promise((resolve) => wss.on('listening', resolve));
  wss.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });

  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  const received = [];

  await new Promise((resolve, reject) => {
    ws.on('open', resolve);
    ws.on('error', reject);
  });

  // One by one: the sockets are promoted meanwhile.
  for (const size of [1, 10, 2000, 100_000, 10]) {
    await new Promise((resolve) => {
      ws.once('message', (data, isBinary) => {
        received.push(`${isBinary} ${data.length}`);
        resolve();
      });
      ws.send('x'.repeat(size));
    });
  }

  await new Promise((resolve) => {
    ws.once('pong', resolve);
    ws.ping();
  });
  await new Promise((resolve) => ws.send('with a callback', resolve));
  await new Promise((resolve) => {
    ws.on('close', resolve);
    ws.close();
  });
  await new Promise((resolve) => wss.close(resolve));
  return received;
}

const ECHOED = [
  'false 1',
  'false 10',
  'false 2000',
  'false 100000',
  'false 10'
];

module.exports = { converse, ECHOED };
