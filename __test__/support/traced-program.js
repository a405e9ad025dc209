'use strict';

/**
 * Talks over WebSockets with hooks in the files of a package, as tracing agents put
 * them there, and prints what the hooks have seen.
 *
 *   node traced-program.js <folder of the package> <classes to wrap> <options>
 */

const { once } = require('node:events');
const Module = require('node:module');
const path = require('node:path');

const [root, classes, options] = process.argv.slice(2);
const seen = [];

/** What to wrap, by file, class and method, and what a call is noted as. */
const HOOKS = {
  'lib/websocket-server.js': {
    name: 'server',
    handleUpgrade: () => '',
    emit: (event) => event
  },
  'lib/websocket.js': {
    name: 'websocket',
    close: (code) => code,
    send: (data) => `${data}`.slice(0, 8),
    setSocket: () => ''
  },
  'lib/receiver.js': { name: 'receiver', on: onReceiver },
  'lib/sender.js': {
    name: 'sender',
    send: (data, { binary, compress, fin, mask }) =>
      `${data.length} ${binary} ${compress} ${fin} ${mask}`,
    sendFrame: (list) => {
      const bytes = Buffer.concat(list.map((part) => Buffer.from(part)));

      // Compressors may differ.
      return `${bytes[0].toString(16)} ${bytes[0] & 0x40 ? '' : bytes.length}`;
    }
  }
};
let kWebSocket;

function onReceiver(event, listener) {
  if (event !== 'message') return undefined;

  return [
    event,
    function onMessage(data, isBinary) {
      const name = this[kWebSocket]._isServer ? 'server' : 'client';

      seen.push(`receiver of ${name}: ${data.length} ${isBinary}`);
      return listener.call(this, data, isBinary);
    }
  ];
}

function wrap(prototype, { name, ...methods }) {
  for (const [key, note] of Object.entries(methods)) {
    const method = prototype[key];

    prototype[key] = function traced(...args) {
      const noted = note.apply(this, args);

      if (Array.isArray(noted)) return method.apply(this, noted);
      if (noted !== undefined) seen.push(`${name}.${key} ${noted}`);
      return method.apply(this, args);
    };
  }
}

const load = Module._load;
const hooked = new Set();

Module._load = function (request, parent, isMain) {
  const loaded = load.call(this, request, parent, isMain);
  const name =
    parent && request.startsWith('.')
      ? path.relative(root, Module._resolveFilename(request, parent))
      : '';
  const file = name.split(path.sep).join('/');

  if (file === 'lib/constants.js') ({ kWebSocket } = loaded);
  if (HOOKS[file] && classes.includes(HOOKS[file].name) && !hooked.has(file)) {
    hooked.add(file);
    wrap(loaded.prototype, HOOKS[file]);
  }

  return loaded;
};

async function main() {
  const { WebSocket, WebSocketServer } = require(root);
  const wss = new WebSocketServer({ ...JSON.parse(options), port: 0 });

  wss.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
  await once(wss, 'listening');

  const client = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);

  await once(client, 'open');

  for (const data of ['hello', Buffer.alloc(2000), 'wörld'.repeat(50_000)]) {
    client.send(data);
    await once(client, 'message');
  }

  client.send('frag', { fin: false });
  client.send('ment');
  await once(client, 'message');
  client.ping('alive');
  await once(client, 'pong');
  client.close(1000, 'bye');
  await once(client, 'close');
  wss.close();
  await once(wss, 'close');
  console.log(JSON.stringify(seen));
}

main();
