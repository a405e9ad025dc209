'use strict';

const { execFile } = require('node:child_process');
const path = require('node:path');

const { SLOWNESS } = require('./machine');

const ROOT = path.resolve(__dirname, '../..');

/** A program that still runs then hangs, and is stopped. */
const LIMIT = 60_000 * SLOWNESS; // ms

/** What the programs begin with: the package, and a server on loopback. */
const PRELUDE = `'use strict';
const { once } = require('node:events');
const WebSocket = require(require('node:path').resolve(
  process.env.WS_RS_TEST_IMPLEMENTATION || '.'
));
const { WebSocketServer } = WebSocket;

// Should the test be killed, its program must not run on.
setTimeout(() => process.exit(124), ${2 * LIMIT}).unref();

async function serve(options) {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, ...options });

  await once(wss, 'listening');
  wss.url = 'ws://127.0.0.1:' + wss.address().port;
  return wss;
}
`;

/**
 * Runs a program in a process of its own.
 *
 * @param {Function} main The program: an async function without references to
 *     what is outside of it, but to `once`, `WebSocket`, `WebSocketServer` and
 *     `serve(options)`; it gets `argument`
 * @param {Object} [options]
 * @param {*} [options.argument] Anything that JSON can carry
 * @param {Object} [options.env] Variables beside those of this process
 * @param {String[]} [options.flags] Flags of Node
 * @return {Promise<Object>} `code`, `signal`, `stdout` and `stderr`
 */
function runProgram(main, { argument = null, env, flags = [] } = {}) {
  const source = `${PRELUDE}\n(${main})(${JSON.stringify(argument)});`;

  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...flags, '-e', source],
      { cwd: ROOT, env: { ...process.env, ...env }, timeout: LIMIT },
      (err, stdout, stderr) => {
        const { code = 0, signal = null } = err ?? {};

        resolve({ code, signal, stdout, stderr });
      }
    );
  });
}

/** Runs a program that must end well; gives the JSON of its last line. */
async function evaluate(main, options) {
  const { code, signal, stdout, stderr } = await runProgram(main, options);

  if (code !== 0 || signal !== null) {
    throw new Error(`Exit code ${code}, signal ${signal}:\n${stderr}`);
  }

  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/**
 * Runs the body of a test in a process of its own, where it may abort.
 *
 * @param {Function} body Gets a TestContext of sorts, what ends.js exports, and `argument`; has no
 *     references to what is outside of it
 * @param {*} [argument] Anything that JSON can carry
 * @param {String[]} [flags] Flags of Node
 * @return {Promise<*>} What the body resolves to, as far as JSON carries it
 * @throws {Error} The process aborted, the body failed, or took more than a minute
 */
function isolated(body, argument = null, flags = []) {
  return evaluate(
    `async (argument) => {
      const ends = require('./__test__/support/ends');
      const value = await (${body})({ after() {} }, ends, argument);

      process.stdout.write(JSON.stringify(value ?? null), () => process.exit());
    }`,
    { argument, flags }
  );
}

module.exports = { evaluate, isolated, PRELUDE, ROOT, runProgram };
