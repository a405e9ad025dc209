'use strict';

// A client of bench/threads.js: pings a server, and sends it messages, one after
// the other, and says how long answers took.
//
//     node busy-client.js PORT SECONDS

const path = require('node:path');

const WebSocket = require(path.join(__dirname, '..', '..', 'index.js'));

const [port, seconds] = process.argv.slice(2).map(Number);

/** Not in step with the pieces of the server's work. */
const pause = () => 1 + Math.random() * 10;

measure('ping', 'pong', (ping) =>
  measure('send', 'message', (echo) => {
    console.log(JSON.stringify({ echo, ping }));
    process.exit();
  })
);

function measure(method, event, then) {
  const ws = new WebSocket(`ws://127.0.0.1:${port}`);
  const times = [];
  const end = performance.now() + seconds * 1000;
  let sent = 0;

  const send = () => {
    if (performance.now() > end) {
      ws.terminate();
      then([at(times, 0.5), at(times, 0.99)]);
      return;
    }

    sent = performance.now();
    ws[method]('x');
  };

  ws.on('open', send);
  ws.on(event, () => {
    times.push((performance.now() - sent) * 1000);
    setTimeout(send, pause());
  });
}

function at(times, quantile) {
  times.sort((a, b) => a - b);
  return times[Math.floor(quantile * (times.length - 1))];
}
