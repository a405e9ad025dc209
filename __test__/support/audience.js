'use strict';

const { once } = require('node:events');

const WebSocket = require('../../index');
const { turns } = require('./loop');
const { inbox } = require('./peers');
const { httpServer, listen, WIRES } = require('./wires');

/**
 * Opens connections to one server, which are gone after the test.
 *
 * @param {TestContext} t The test
 * @param {Object} [options]
 * @param {Object} [options.client] Options of the clients
 * @param {Number} [options.count=3] How many connections
 * @param {Object} [options.server] Options of the server
 * @param {String} [options.wire='tcp'] One of `WIRES`
 * @param {Function} [options.Client] The class of the clients
 * @return {Promise<Object>} The server `wss`, its `port`, its ends `ws`, the `clients`, and
 *     for each of these a function that takes its next messages
 */
async function openAudience(t, options = {}) {
  const { client, count = 3, server, wire = 'tcp' } = options;
  const { Client = WebSocket } = options;
  const http = httpServer(wire);
  const wss = new WebSocket.Server({ server: http, ...server });
  const address = await listen(wire, http);
  const { port } = http.address() ?? {};
  const audience = { clients: [], port, take: [], ws: [], wss };

  t.after(() => {
    for (const one of audience.clients) one.terminate();
    for (const one of audience.ws) one.terminate();
    address.close();
  });

  for (let i = 0; i < count; i++) {
    const connected = once(wss, 'connection');
    const one = new Client(address.url, {
      ...address.clientOptions,
      ...client
    });

    audience.take.push(inbox(one));
    audience.clients.push(one);
    await once(one, 'open');
    audience.ws.push((await connected)[0]);
  }

  await turns();
  return audience;
}

/** Takes the next message of each. */
async function takeAll(audience) {
  const all = await Promise.all(audience.take.map((take) => take(1)));

  return all.flat();
}

module.exports = { openAudience, takeAll, WIRES };
