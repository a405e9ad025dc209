'use strict';

/**
 * The package as users have it: tarballs that are installed offline and without
 * scripts into a folder of their own.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/** Sends one message to itself and prints what came back. */
const ECHO = `
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
    const { port } = server.address();
    const client = new WebSocket('ws://127.0.0.1:' + port);
    client.on('open', () => client.send('echo me'));
    client.on('message', (data, isBinary) => {
      console.log(String(data), isBinary);
      client.close();
      server.close();
    });
  });
  server.on('connection', (ws) => {
    ws.on('message', (data, binary) => ws.send(data, { binary }));
  });
`;

/**
 * Makes an empty project with the given tarballs.
 *
 * @param {String} folder The folder, which is made
 * @param {...String} tarballs What to install, as npm takes it
 * @return {String} The folder
 */
function install(folder, ...tarballs) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
  npm(folder, 'install', '--offline', '--ignore-scripts', ...tarballs);
  return folder;
}

/**
 * Has the installed package echo one message.
 *
 * @param {String} folder The project
 * @param {Object} [env] Variables
 * @return {String} `'echo me false\n'` if all is well
 */
function echo(folder, env) {
  const { stderr, stdout } = node(
    folder,
    ['-e', `const { WebSocket, WebSocketServer } = require('ws-rs'); ${ECHO}`],
    env
  );

  assert.strictEqual(stderr, '');
  return stdout;
}

/** Runs this Node in a folder; returns what `spawnSync()` does. */
function node(cwd, args, env = {}) {
  const { WS_RS_NATIVE_PATH, ...inherited } = process.env;

  return spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    env: { ...inherited, ...env }
  });
}

/** Runs npm in a folder, which has to succeed; returns its output. */
function npm(cwd, ...args) {
  const { error, status, stderr, stdout } = spawnSync('npm', args, {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32'
  });

  if (error) throw error;
  assert.strictEqual(status, 0, stderr);
  return stdout;
}

module.exports = { ECHO, echo, install, node, npm };
