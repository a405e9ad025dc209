'use strict';

/**
 * Programs that run on Bun and Deno as they do on Node, and what does not work
 * there: see docs/runtimes.md.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { selfSigned } = require('../../examples/self-signed');
const { makeProject } = require('../support/project');
const { absent, executable } = require('../support/tools');

const PROGRAMS = path.join(__dirname, 'runtimes');
/** The flags of docs/runtimes.md. */
const DENO_FLAGS = [
  '--allow-ffi',
  '--allow-read',
  '--allow-env',
  '--allow-net'
];
/** A program that still runs then hangs. */
const LIMIT = 120_000; // ms

/** What is the same everywhere. */
const SAME = {
  echo: 'messages of all kinds, pings, fragments and closing',
  compression: 'permessage-deflate, with its parameters',
  tls: 'TLS, and certificates that are refused',
  client: 'clients that are refused, redirected, or have to wait too long',
  http: 'http.Server with two paths, headers, subprotocols and refusals',
  stream: 'createWebSocketStream()',
  workers: 'workers, which end by themselves or are terminated',
  exit: 'process.exit() with connections open and messages under way',
  listener: 'an exception in a listener'
};

describe('On Bun and Deno', { skip: absent('bun', 'deno') }, () => {
  let folder;

  before(() => {
    const { cert, key } = selfSigned();

    folder = makeProject();
    fs.cpSync(PROGRAMS, folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
    fs.writeFileSync(path.join(folder, 'key.pem'), key);
  });
  after(() => fs.rmSync(folder, { force: true, recursive: true }));

  for (const [name, what] of Object.entries(SAME)) {
    it(`is the same as on Node: ${what}`, async () => {
      const [node, bun, deno] = await Promise.all([
        runNode(name),
        runBun(name),
        runDeno(name)
      ]);

      assert.strictEqual(node.stderr, '');
      assert.match(node.stdout, /^[[{].*\n$/);

      // The one thing that is not.
      const expected = {
        ...node,
        stdout: node.stdout.replace('"loop"', '"stream"')
      };

      assert.deepStrictEqual(bun, expected);
      assert.deepStrictEqual(deno, expected);
    });
  }

  it('what is sent in the tick of process.exit() arrives', async () => {
    const expected = { received: ['one', 'two'], code: 4 };

    assert.deepStrictEqual(
      JSON.parse((await runBun('leave')).stdout),
      expected
    );
    assert.deepStrictEqual(
      JSON.parse((await runDeno('leave', '--allow-run')).stdout),
      expected
    );
  });

  it('a server of Bun.serve() or Deno.serve() is refused', async () => {
    assert.match(
      (await runBun('own-server')).stdout,
      /TypeError: server\.on is not a function/
    );
    assert.match(
      (await runDeno('own-server')).stdout,
      /TypeError: server\.on is not a function/
    );
  });

  it('Bun keeps async contexts, and Deno those of callbacks', async () => {
    const contexts = async (run) => {
      const { callback, event } = JSON.parse((await run('context')).stdout);
      return { callback, event };
    };

    assert.deepStrictEqual(await contexts(runNode), {
      callback: 'callback',
      event: 'mine'
    });
    assert.deepStrictEqual(await contexts(runBun), {
      callback: 'callback',
      event: 'mine'
    });
    // If this fails Deno can do it now, and docs/runtimes.md is out of date.
    assert.deepStrictEqual(await contexts(runDeno), {
      callback: 'callback',
      event: 'undefined'
    });
  });

  for (const flag of DENO_FLAGS) {
    it(`Deno names ${flag} where it is missing`, async () => {
      const flags = DENO_FLAGS.filter((other) => other !== flag);
      const { code, stderr } = await run(executable('deno'), [
        'run',
        '--no-prompt',
        ...flags,
        'echo.mjs'
      ]);

      assert.strictEqual(code, 1);
      assert.match(stderr, new RegExp(`run again with the ${flag} flag`));
      assert.doesNotMatch(stderr, /To build from source/);
    });
  }

  it('Bun never loads what is installed as ws, and Deno does', async () => {
    const aliased = makeProject({ name: 'ws' });

    try {
      const args = [
        'is-ours.cjs',
        "console.log('transport' in require('ws').prototype);"
      ];

      fs.writeFileSync(path.join(aliased, args[0]), args[1]);

      const says = async (command, ...flags) =>
        (await run(command, [...flags, args[0]], aliased)).stdout;

      assert.strictEqual(await says(process.execPath), 'true\n');
      assert.strictEqual(await says(executable('bun')), 'false\n');
      assert.strictEqual(
        await says(executable('deno'), 'run', ...DENO_FLAGS),
        'true\n'
      );
    } finally {
      fs.rmSync(aliased, { force: true, recursive: true });
    }
  });

  function runNode(name) {
    return run(process.execPath, [`${name}.mjs`]);
  }

  function runBun(name) {
    return run(executable('bun'), [`${name}.mjs`]);
  }

  function runDeno(name, ...flags) {
    return run(executable('deno'), [
      ...['run', '--no-prompt', ...DENO_FLAGS, ...flags],
      `${name}.mjs`
    ]);
  }

  /** Runs a program; gives how it ended, and what it said. */
  function run(command, args, cwd = folder) {
    const { WS_RS_NATIVE_PATH, WS_RS_TRANSPORT, ...env } = process.env;
    const child = spawn(command, args, {
      cwd,
      env: { ...env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    const said = { stdout: '', stderr: '' };
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT);

    for (const name of Object.keys(said)) {
      child[name].setEncoding('utf8');
      child[name].on('data', (text) => (said[name] += text));
    }

    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(limit);
        resolve({ code: code ?? signal, ...said });
      });
    });
  }
});
