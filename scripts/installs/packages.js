'use strict';

/**
 * ws-rs under the name `ws`, beside packages that use ws: one `ws` has to be
 * there, ours, and the programs have to run.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { version } = require('../../package.json');
const { npm, pnpm, run } = require('./managers');

const TARBALL = `file:vendor/ws-rs-${version}.tgz`;
// Versions with a `ws` of their own, which ws-rs is no match for.
const OLD_SOCKET_IO = ['socket.io@4.7.5', 'socket.io-client@4.7.5'];
const PEERS = ['graphql-ws', 'openai'];

/** Each gets an empty folder with the tarball in vendor/. */
const CASES = {
  'npm: beside packages that demand ws@^8'(folder) {
    npm(folder, 'install', `ws@${TARBALL}`);
    npm(folder, 'install', ...PEERS);
    assertOneWs(folder);
    run(folder, PEER_PROGRAM);
  },

  'npm: all at once, in place of a ws that was there'(folder) {
    npm(folder, 'install', 'ws@8.18.0', ...PEERS, 'express');
    npm(folder, 'install', `ws@${TARBALL}`);
    assertOneWs(folder);
    run(folder, EXPRESS_PROGRAM);
  },

  'npm: Socket.IO, with the override from the start'(folder) {
    npm(folder, 'pkg', 'set', `dependencies.ws=${TARBALL}`);
    npm(folder, 'pkg', 'set', 'overrides.ws=$ws');
    npm(folder, 'install', ...OLD_SOCKET_IO);
    assertOneWs(folder);
    run(folder, SOCKET_IO_PROGRAM);
  },

  'npm: Socket.IO, with a lock file that has other copies of ws'(folder) {
    npm(folder, 'install', 'ws@8.18.0', ...OLD_SOCKET_IO);
    assert.ok(copies(folder).length > 1, 'there is nothing to be replaced');
    npm(folder, 'install', `ws@${TARBALL}`);
    // What `npx --no-install ws-rs-override` is to npm.
    npm(folder, 'exec', '--yes=false', 'ws-rs-override');
    npm(folder, 'install');
    assertOneWs(folder);
    run(folder, SOCKET_IO_PROGRAM);

    // What the lock file then says is the same.
    npm(folder, 'ci');
    assertOneWs(folder);
    run(folder, SOCKET_IO_PROGRAM);
    assert.match(versionOf(folder, 'socket.io'), /^4\.7\.5$/);

    // And back.
    npm(folder, 'pkg', 'delete', 'overrides.ws');
    npm(folder, 'install', 'ws@8.18.0');
    npm(folder, 'ls', 'ws');
    assert.ok(!copies(folder).some(isOurs), 'ws-rs is still there');
  },

  'pnpm: beside packages that demand ws@^8, with strict peers'(folder) {
    pnpm(folder, 'add', `ws@${TARBALL}`);
    pnpm(folder, 'add', ...PEERS);
    assertOneWs(folder);
    run(folder, PEER_PROGRAM);
  },

  'pnpm: Socket.IO, with an override and a lock file that is there'(folder) {
    pnpm(folder, 'add', 'ws@8.18.0', ...OLD_SOCKET_IO);
    pnpm(folder, 'add', `ws@${TARBALL}`);
    fs.writeFileSync(
      path.join(folder, 'pnpm-workspace.yaml'),
      `overrides:\n  ws: ${TARBALL}\n`
    );
    pnpm(folder, 'install', '--no-frozen-lockfile');
    assertOneWs(folder);
    run(folder, SOCKET_IO_PROGRAM);
  }
};

const PEER_PROGRAM = `
  const { useServer } = require('graphql-ws/use/ws');
  const { OpenAIRealtimeWS } = require('openai/realtime/ws');
  if (typeof useServer !== 'function') throw new Error('no graphql-ws');
  if (typeof OpenAIRealtimeWS !== 'function') throw new Error('no openai');
  if (!('transport' in require('ws').prototype)) throw new Error('not ours');
`;

const EXPRESS_PROGRAM = `
  const WebSocket = require('ws');
  const server = require('http').createServer(require('express')());
  const wss = new WebSocket.Server({ server, path: '/chat' });
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  server.listen(0, '127.0.0.1', () => {
    const client = new WebSocket('ws://127.0.0.1:' + server.address().port + '/chat');
    client.on('open', () => client.send('hello'));
    client.on('message', (data) => {
      if (String(data) !== 'hello') throw new Error('got ' + data);
      if (!['loop', 'stream'].includes(client.transport)) throw new Error('not ours');
      client.close();
      server.close();
    });
  });
`;

const SOCKET_IO_PROGRAM = `
  const server = require('http').createServer();
  const io = new (require('socket.io').Server)(server);
  if (!(io.engine.ws instanceof require('ws').Server)) throw new Error('not ours');
  io.on('connection', (socket) => socket.on('echo', (value, done) => done(value)));
  server.listen(0, '127.0.0.1', () => {
    const client = require('socket.io-client').io(
      'http://127.0.0.1:' + server.address().port,
      { transports: ['websocket'] }
    );
    client.on('connect_error', (err) => { throw err; });
    client.emit('echo', { a: [1, 'é'] }, (value) => {
      if (JSON.stringify(value) !== '{"a":[1,"é"]}') throw new Error('got ' + value);
      client.close();
      io.close();
    });
  });
`;

module.exports = CASES;

// The package.json of each `ws` that some package gets. In pnpm's store only
// links count: what nothing links to any more stays there for some days.
function copies(folder) {
  const root = path.join(folder, 'node_modules');
  const found = fs
    .readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name === 'ws')
    .map((entry) => ({ entry, parent: entry.parentPath ?? entry.path }))
    .filter(({ parent }) => path.basename(parent) === 'node_modules')
    .filter(
      ({ entry, parent }) => entry.isSymbolicLink() || !parent.includes('.pnpm')
    )
    .map(({ parent }) => fs.realpathSync(path.join(parent, 'ws/package.json')));

  return [...new Set(found)];
}

function isOurs(file) {
  return JSON.parse(fs.readFileSync(file, 'utf8')).name === 'ws-rs';
}

function assertOneWs(folder) {
  const found = copies(folder);

  assert.ok(
    found.length > 0 && found.every(isOurs),
    `other copies of ws: ${found.filter((file) => !isOurs(file)).join(', ')}`
  );
}

function versionOf(folder, name) {
  const file = path.join(folder, 'node_modules', name, 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}
