'use strict';

/**
 * Programs by means of packages that use ws. Each has to print the same with ws
 * and with this package in its place.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const path = require('node:path');
const { describe, it } = require('node:test');
const { text } = require('node:stream/consumers');

const { ROOT } = require('../support/programs');
const { absent, TOOLS } = require('../support/tools');

const FOLDER = path.join(__dirname, 'packages');
const GIVEN = path.join(FOLDER, 'given.js');
const WS = path.dirname(require.resolve('ws/package.json'));
/** A program that still runs then hangs. */
const LIMIT = 120_000; // ms

/** Programs, the package that each is about, and the Node that it needs. */
const PROGRAMS = {
  agents: ['https-proxy-agent', 20],
  'dev-server': ['webpack-dev-server', 22],
  devtools: ['@react-native/dev-middleware', 22],
  discord: ['@discordjs/ws', 20],
  ethereum: ['ethers', 20],
  gremlin: ['gremlin', 20],
  inspector: ['chrome-remote-interface', 20],
  kubernetes: ['@kubernetes/client-node', 22],
  'language-server': ['vscode-ws-jsonrpc', 20],
  nats: ['@nats-io/nats-core', 20],
  postgres: ['@neondatabase/serverless', 20],
  realtime: ['openai', 22],
  signalr: ['@microsoft/signalr', 20],
  stomp: ['@stomp/stompjs', 20]
};

const major = Number(process.versions.node.split('.')[0]);

async function run(name, given) {
  const program = spawn(
    process.execPath,
    ['-r', GIVEN, path.join(FOLDER, `${name}.mjs`)],
    {
      env: { ...process.env, NODE_PATH: TOOLS, WS_GIVEN: given },
      killSignal: 'SIGKILL',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT
    }
  );
  const [out, errors, [code]] = await Promise.all([
    text(program.stdout),
    text(program.stderr),
    once(program, 'exit')
  ]);

  return { code, errors, out };
}

describe('A program by means of a package', () => {
  for (const [name, [about, oldest]] of Object.entries(PROGRAMS)) {
    const skip =
      absent(about) || (major < oldest && `${about} needs Node ${oldest}`);

    it(`sees the same as with ws: ${about}`, { skip }, async () => {
      const [expected, actual] = await Promise.all([
        run(name, WS),
        run(name, ROOT)
      ]);

      assert.strictEqual(expected.code, 0, expected.errors);
      assert.notStrictEqual(expected.out, '');
      assert.deepStrictEqual(actual, expected);
    });
  }
});
