'use strict';

// Connections of what is under test, on any wire and in both roles.

const { once } = require('node:events');
const {
  setTimeout: sleep,
  setImmediate: turn
} = require('node:timers/promises');

const { Peer, WebSocket } = require('./implementation');
const { SLOWNESS } = require('./machine');
const { readHead, upgradeRequest, upgradeResponse } = require('./raw-http');
const { httpServer, listen, socketServer } = require('./wires');

/** The parts that a WebSocket can have in a connection. */
const ROLES = ['server', 'client'];

/**
 * Opens a connection between what is under test, the near end, and `ws`, the far one.
 *
 * @param {TestContext} t The test, after which it is gone
 * @param {Object} [options]
 * @param {String} [options.role='server'] Which side the near end is
 * @param {String} [options.wire='tcp'] One of `WIRES`
 * @param {Boolean} [options.deflate=false] Compresses messages of any size
 * @param {Object} [options.near] Options of the near end
 * @param {Object} [options.far] Options of the far end
 * @return {Promise<Object>} `near` and `far`, `server` (HTTP), `wss`, and `another()` opens one
 *     more on the same server
 */
async function openEnds(t, options = {}) {
  const { role = 'server', wire = 'tcp', deflate = false } = options;
  const perMessageDeflate = deflate && { threshold: 0 };
  const near = { perMessageDeflate, ...options.near };
  const far = { perMessageDeflate, ...options.far };
  const isServer = role === 'server';
  const server = httpServer(wire);
  const { WebSocketServer } = isServer ? WebSocket : Peer;
  const Client = isServer ? Peer : WebSocket;
  const wss = new WebSocketServer({ server, ...(isServer ? near : far) });
  const place = await listen(wire, server);

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    place.close();
  });

  async function another() {
    const connected = once(wss, 'connection');
    const client = new Client(place.url, {
      ...place.clientOptions,
      ...(isServer ? far : near)
    });

    t.after(() => client.terminate());
    client.on('error', () => {});

    const [[accepted]] = await Promise.all([connected, once(client, 'open')]);

    accepted.on('error', () => {});
    await turns();
    return isServer
      ? { near: accepted, far: client }
      : { near: client, far: accepted };
  }

  return { ...(await another()), another, server, url: place.url, wss };
}

/**
 * Opens a connection between what is under test and a bare socket.
 *
 * @param {TestContext} t The test, after which it is gone
 * @param {Object} [options]
 * @param {String} [options.role='server'] The part of what is under test
 * @param {String} [options.wire='tcp'] One of `WIRES`
 * @param {String} [options.extensions] The peer's `Sec-WebSocket-Extensions`
 * @param {Object} [options.near] Options of the near end
 * @return {Promise<Object>} `ws`; `socket`, the peer's, paused; `wss` if it is a server; and
 *     `another()` opens one more on the same server
 */
async function openRaw(t, options = {}) {
  const { role = 'server', wire = 'tcp', extensions = null, near } = options;
  const open = await (role === 'server' ? rawClients : rawServer)(
    t,
    wire,
    near,
    extensions
  );

  async function another() {
    const { socket, ws, ...others } = await open();

    t.after(() => socket.destroy());
    socket.on('error', () => {});
    ws.on('error', () => {});
    await turns();
    return { another, socket, ws, ...others };
  }

  return another();
}

async function rawClients(t, wire, near, extensions) {
  const server = httpServer(wire);
  const wss = new WebSocket.WebSocketServer({ server, ...near });
  const place = await listen(wire, server);

  t.after(() => {
    for (const ws of wss.clients) ws.terminate();
    place.close();
  });

  return async () => {
    const connected = once(wss, 'connection');
    const socket = place.connect();

    socket.write(upgradeRequest({ 'Sec-WebSocket-Extensions': extensions }));
    await behindHead(socket);
    return { server, socket, ws: (await connected)[0], wss };
  };
}

async function rawServer(t, wire, near, extensions) {
  const server = socketServer(wire, async (socket) => {
    socket.on('error', () => {});
    try {
      const head = await behindHead(socket);
      const [, key] = /^sec-websocket-key: (.*)$/im.exec(head);

      socket.write(upgradeResponse(key, extensions));
      server.emit('upgraded', socket);
    } catch {
      // Whoever waits for it is told by the other end.
    }
  });
  const place = await listen(wire, server);

  t.after(() => place.close());

  return async () => {
    const upgraded = once(server, 'upgraded');
    const ws = new WebSocket(place.url, { ...place.clientOptions, ...near });

    t.after(() => ws.terminate());
    await once(ws, 'open');
    return { server, socket: (await upgraded)[0], ws };
  };
}

/** Reads the head of a handshake; what came behind it is left in the socket. */
async function behindHead(socket) {
  const { head, rest } = await readHead(socket);

  if (rest.length > 0) socket.unshift(rest);
  return head;
}

/** Lets some turns of the event loop go by. */
async function turns(count = 12) {
  for (let i = 0; i < count; i++) await turn();
}

/** Waits until a condition holds; fails when it has not after so long. */
async function until(condition, ms = 5000 * SLOWNESS) {
  for (const end = Date.now() + ms; !condition();) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${condition}`);
    await sleep(2);
  }
}

/** What one end is told, as it comes: strings, if nothing else is asked for. */
function messagesOf(ws, toValue = String) {
  const messages = [];

  ws.on('message', (data) => messages.push(toValue(data)));
  return messages;
}

module.exports = {
  behindHead,
  messagesOf,
  openEnds,
  openRaw,
  ROLES,
  sleep,
  turns,
  until
};
