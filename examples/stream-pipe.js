'use strict';

// A file, sent through a WebSocket as a stream: read, compressed, sent, received,
// decompressed and printed, never more than a few chunks of it in memory.
//
//   node examples/stream-pipe.js                   this file
//   node examples/stream-pipe.js big.iso | sha256sum
//
// `pipeline` carries back-pressure all the way: when the output is slow, the
// client stops reading, TCP fills up, and the server stops reading the file.

const fs = require('node:fs');
const { pipeline } = require('node:stream/promises');
const zlib = require('node:zlib');
const { WebSocket, WebSocketServer, createWebSocketStream } = require('..');

const [, , file = __filename] = process.argv;

const wss = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT || 0)
});

wss.on('listening', () => {
  const url = `ws://127.0.0.1:${wss.address().port}`;

  console.error(`Sending ${file} through ${url}`); // stdout is for the file
  receive(url);
});

wss.on('connection', async (ws) => {
  try {
    // The end of the file closes the WebSocket. Only this direction can end by
    // itself: a WebSocket cannot be half closed, so whoever is to answer after the
    // end of a stream needs a message that says "end".
    await pipeline(
      fs.createReadStream(file),
      zlib.createGzip(),
      createWebSocketStream(ws)
    );
  } catch (error) {
    console.error(`The server failed: ${error.message}`);
    ws.close(1011, 'Cannot read the file');
  }
});

async function receive(url) {
  const ws = new WebSocket(url);

  try {
    await pipeline(
      createWebSocketStream(ws),
      zlib.createGunzip(),
      process.stdout,
      { end: false }
    );
  } catch (error) {
    console.error(`The client failed: ${error.message}`);
    process.exitCode = 1;
  } finally {
    wss.close();
  }
}
