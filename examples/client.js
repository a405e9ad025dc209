'use strict';

// A client for the terminal: each line you type is sent, what comes is printed.
//
//   node examples/client.js ws://127.0.0.1:8080   such as examples/echo.js
//   node examples/client.js                       with an echo server of its own
//
// It ends with Ctrl+D (end of input), or when the server closes the connection.

const readline = require('node:readline');
const { WebSocket, WebSocketServer } = require('..');

const [, , url] = process.argv;

if (url === undefined) startEchoServer(connect);
else connect(url);

function connect(address) {
  let ws;

  try {
    ws = new WebSocket(address, {
      handshakeTimeout: 10_000, // ms
      // Notices a server that is gone without a word (power cut, cable).
      heartbeat: { interval: 15_000 } // ms
    });
  } catch (error) {
    console.error(`${error.message}\nUsage: node examples/client.js [ws://…]`);
    process.exit(1);
  }

  ws.on('open', () => {
    console.log(`Connected to ${address}`);

    const lines = readline.createInterface({ input: process.stdin });

    lines.on('line', (line) => ws.send(line));
    lines.on('close', () => ws.close(1000));
    ws.on('close', () => lines.close());
  });

  ws.on('message', (data, isBinary) => {
    console.log(isBinary ? `< ${data.length} bytes` : `< ${data}`);
  });

  ws.on('error', (error) => {
    console.error(`Failed: ${error.message}`);
    process.exitCode = 1;
  });

  // Always the last event, also after an error.
  ws.on('close', (code, reason) => {
    console.log(`Closed: ${code} ${reason}`.trimEnd());
    process.stdin.unref?.();
  });
}

function startEchoServer(onReady) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
    onReady(`ws://127.0.0.1:${wss.address().port}`);
  });

  wss.on('connection', (ws) => {
    ws.on('error', console.error);
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
    ws.on('close', () => wss.close());
  });
}
