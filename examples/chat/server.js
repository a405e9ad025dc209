'use strict';

// A chat: Express 5 serves the page, ws-rs carries the messages.
//
//   npm start                        http://localhost:8080/
//   PORT=3000 npm start              another port (0 picks a free one)
//   HOST=0.0.0.0 npm start           let other machines in, too
//
// All processes with the same broker are one chat. They need its package:
//
//   npm install --no-save redis
//   REDIS_URL=redis://127.0.0.1:6379 PORT=8081 npm start
//
//   npm install --no-save @nats-io/transport-node
//   NATS_URL=nats://127.0.0.1:4222 PORT=8081 npm start

const http = require('node:http');
const path = require('node:path');
const express = require('express');
const { WebSocketServer } = require('../..');
const { openTopics } = require('./broker.js');
const { MAX_PAYLOAD } = require('./messages.js');
const Room = require('./room.js');

const CLOSE_TIMEOUT = 3000; // ms that clients have for the closing handshake
const HOST = process.env.HOST || '127.0.0.1';
// Who has said nothing for so long is asked, and dropped if no answer comes.
const HEARTBEAT = readNumber('HEARTBEAT', 30000, 10, 3600000); // ms
const PORT = readNumber('PORT', 8080, 0, 65535);
const PRESENCE = readNumber('PRESENCE', 2000, 10, 3600000); // ms

// A tab that does not read is closed rather than buffered for without end.
const MAX_BUFFERED = 1024 * 1024;

const app = express();

app.disable('x-powered-by');
app.use((req, res, next) => {
  // The page needs nothing from elsewhere and runs no inline script.
  res.set({
    'Content-Security-Policy':
      "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff'
  });
  next();
});
app.use(express.static(path.join(__dirname, 'public')));

openTopics(process.env).then(serve, (error) => {
  console.error(error.message);
  process.exit(1);
});

function serve({ end, topics }) {
  const server = http.createServer(app);
  const room = new Room({ presence: PRESENCE, topics });
  const wss = new WebSocketServer({
    server,
    heartbeat: { interval: HEARTBEAT },
    maxBackpressure: MAX_BUFFERED,
    maxPayload: MAX_PAYLOAD,
    perMessageDeflate: true
  });

  wss.on('connection', (ws) => room.add(ws));

  // Errors of `server` arrive here: a WebSocketServer passes them on.
  wss.on('error', (error) => {
    if (error.code === 'EADDRINUSE') {
      console.error(
        `Port ${PORT} is taken. Stop the program that uses it, ` +
          'or choose another port: PORT=8081 npm start'
      );
    } else {
      console.error(`The server cannot run: ${error.message}`);
    }

    process.exit(1);
  });

  server.listen(PORT, HOST, () => {
    const name = HOST === '127.0.0.1' ? 'localhost' : HOST;
    const { port } = server.address();

    console.log(`Chat on http://${name}:${port}/ (stop it with Ctrl+C)`);
  });

  process.once('SIGINT', shutDown);
  process.once('SIGTERM', shutDown);

  /** Closes every connection with 1001, then lets the process end by itself. */
  function shutDown() {
    console.log('Closing…');
    room.close('The server is shutting down');
    server.close();
    // When the last connection has gone.
    wss.close(() => {
      room.end();
      end();
    });

    // `unref`: nobody waits for this timer when all clients have gone.
    setTimeout(() => {
      for (const ws of wss.clients) ws.terminate();
      server.closeAllConnections();
    }, CLOSE_TIMEOUT).unref();
  }
}

function readNumber(name, fallback, min, max) {
  const text = process.env[name] || String(fallback);
  const value = /^\d+$/.test(text) ? Number(text) : NaN;

  if (value >= min && value <= max) return value;

  console.error(
    `${name} must be a number from ${min} to ${max}, not "${text}".`
  );
  process.exit(1);
}
