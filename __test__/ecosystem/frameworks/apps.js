'use strict';

// The same small program by means of frameworks: a page at `/` and an echo at
// `/ws`.

const http = require('node:http');

const WebSocket = require('ws');

const { closeBy, echo, listen } = require('./help.js');

module.exports = {
  async express() {
    const app = require('express')();

    app.get('/', (request, response) => response.send('page'));

    const server = app.listen(0, '127.0.0.1');
    const wss = new WebSocket.Server({ path: '/ws', server });

    wss.on('connection', echo);
    return { close: closeBy(server, wss), server };
  },

  async 'express-ws'() {
    const { app, getWss } = require('express-ws')(require('express')());

    app.get('/', (request, response) => response.send('page'));
    app.ws('/ws', echo);

    const server = app.listen(0, '127.0.0.1');

    return { close: closeBy(server, getWss()), server };
  },

  async koa() {
    const Koa = require('koa');
    const app = new Koa();

    app.use((context) => {
      context.body = 'page';
    });

    const server = http.createServer(app.callback());
    const wss = new WebSocket.Server({ path: '/ws', server });

    wss.on('connection', echo);
    await listen(server);
    return { close: closeBy(server, wss), server };
  },

  async fastify() {
    const app = require('fastify')();
    const wss = new WebSocket.Server({ path: '/ws', server: app.server });

    app.get('/', async () => 'page');
    wss.on('connection', echo);
    await app.listen({ host: '127.0.0.1', port: 0 });
    return {
      async close() {
        for (const ws of wss.clients) ws.close();
        await app.close();
      },
      server: app.server
    };
  },

  async '@fastify/websocket'() {
    const app = require('fastify')();

    await app.register(require('@fastify/websocket'));
    app.get('/', async () => 'page');
    await app.register(async (scope) => {
      scope.get('/ws', { websocket: true }, echo);
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return { close: () => app.close(), server: app.server };
  },

  async nest() {
    require('reflect-metadata');

    const { Controller, Get, Module } = require('@nestjs/common');
    const { NestFactory } = require('@nestjs/core');
    const { WsAdapter } = require('@nestjs/platform-ws');
    const { WebSocketGateway } = require('@nestjs/websockets');

    class Page {
      page() {
        return 'page';
      }
    }
    class Echo {
      handleConnection(ws) {
        echo(ws);
      }
    }
    class App {}

    Controller()(Page);
    Get()(
      Page.prototype,
      'page',
      Object.getOwnPropertyDescriptor(Page.prototype, 'page')
    );
    WebSocketGateway({ path: '/ws' })(Echo);
    Module({ controllers: [Page], providers: [Echo] })(App);

    const app = await NestFactory.create(App, { logger: ['error'] });

    app.useWebSocketAdapter(new WsAdapter(app));
    await app.listen(0, '127.0.0.1');
    return { close: () => app.close(), server: app.getHttpServer() };
  },

  async 'socket.io'() {
    const server = http.createServer((request, response) =>
      response.end('page')
    );
    const { Server } = require('socket.io');
    const io = new Server(server, { wsEngine: WebSocket.Server });

    io.on('connection', (socket) => {
      socket.on('echo', (data) => socket.emit('echo', data));
    });
    await listen(server);
    return { close: () => io.close(), server };
  }
};
