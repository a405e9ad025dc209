'use strict';

// Loads the samples of a page that are its arguments, one after the other. The
// servers of all of them get free ports, and a client each.

const { once } = require('node:events');
const net = require('node:net');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const { WebSocket } = require('../..');

const { listen } = net.Server.prototype;
const servers = new Set();

net.Server.prototype.listen = function (options, ...rest) {
  servers.add(this);
  return Reflect.apply(listen, this, [
    { ...options, host: '127.0.0.1', port: 0 },
    ...rest
  ]);
};

async function main(files) {
  for (const file of files) {
    servers.clear();
    await import(pathToFileURL(path.resolve(file)));

    for (const server of servers) {
      if (!server.listening) await once(server, 'listening');

      const scheme =
        server instanceof require('node:tls').Server ? 'wss' : 'ws';
      const ws = new WebSocket(
        `${scheme}://127.0.0.1:${server.address().port}`,
        { rejectUnauthorized: false }
      );

      await once(ws, 'open');
      ws.terminate();
    }

    console.log(`${file} runs`);
  }
}

main(process.argv.slice(2)).then(
  () => process.exit(),
  (err) => {
    console.error(err);
    process.exit(1);
  }
);
