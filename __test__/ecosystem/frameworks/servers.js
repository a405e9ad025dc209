'use strict';

// Bare servers with what people put on them.

const cluster = require('node:cluster');
const { once } = require('node:events');
const http = require('node:http');
const net = require('node:net');

const WebSocket = require('ws');

const { closeBy, echo, listen } = require('./help.js');

async function start(server) {
  const wss = new WebSocket.Server({ path: '/ws', server });

  wss.on('connection', echo);
  await listen(server);
  return { close: closeBy(server, wss), server, wss };
}

function page(request, response) {
  response.end('page');
}

module.exports = {
  bare: () => start(http.createServer(page)),

  async 'http-terminator'() {
    const { createHttpTerminator } = require('http-terminator');
    const { server, wss } = await start(http.createServer(page));
    const terminator = createHttpTerminator({ server });

    return {
      async close() {
        for (const ws of wss.clients) ws.close();
        await terminator.terminate();
      },
      server
    };
  },

  async stoppable() {
    const server = require('stoppable')(http.createServer(page), 1000);
    const { wss } = await start(server);

    return {
      async close() {
        for (const ws of wss.clients) ws.close();
        server.stop();
        await once(server, 'close');
      },
      server
    };
  },

  async 'a tracker of sockets'() {
    const server = http.createServer(page);
    const sockets = new Set();

    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });

    const { close } = await start(server);

    return {
      async close() {
        if (sockets.size === 0) throw new Error('It has seen no socket');

        const closed = close();

        for (const socket of sockets) socket.end();
        await closed;
      },
      server
    };
  },

  async 'a subclass of http.Server'() {
    class Server extends http.Server {}

    return start(new Server(page));
  },

  async 'a patched prototype'() {
    const { emit } = http.Server.prototype;
    let count = 0;

    http.Server.prototype.emit = function (name, ...args) {
      if (name === 'connection') count++;
      return emit.call(this, name, ...args);
    };

    const { close, server } = await start(http.createServer(page));

    return {
      async close() {
        if (count === 0) throw new Error('It was told of no connection');
        await close();
      },
      server
    };
  },

  async 'a sticky cluster'() {
    const server = http.createServer(page);

    if (!cluster.isPrimary) {
      // It is given the sockets that another process has accepted.
      const wss = new WebSocket.Server({ path: '/ws', server });

      wss.on('connection', echo);
      process.on('message', (message, socket) => {
        server.emit('connection', socket);
        socket.resume();
      });
      process.on('SIGTERM', () => {
        for (const ws of wss.clients) ws.close();
        cluster.worker.disconnect();
      });
      process.send('ready');
      // It does not listen, which is for the other process to say.
      return new Promise(() => {});
    }

    const worker = cluster.fork();
    const acceptor = net.createServer({ pauseOnConnect: true }, (socket) => {
      worker.send('a socket', socket);
    });

    await once(worker, 'message');
    await listen(acceptor);
    return {
      async close() {
        worker.kill('SIGTERM');
        await once(worker, 'exit');
        acceptor.close();
      },
      server: acceptor
    };
  },

  async opentelemetry() {
    // Its packages are to be there before those that they trace.
    const traced = require('./traced.js');
    const { close, server } = await start(
      require('node:http').createServer(page)
    );

    return {
      async close() {
        if (traced.requests === 0) throw new Error('It has traced no request');
        await close();
      },
      server
    };
  }
};
