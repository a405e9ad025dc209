'use strict';

/**
 * An executable of Node that has a program in it, made by the commands of
 * docs/bundling.md. It runs in a folder where nothing else is but the binary.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const PROGRAM = require('../support/bundled-program');
const { ROOT } = require('../support/programs');
const { BINARY, makeProject } = require('../support/project');
const { absent, TOOLS } = require('../support/tools');

/** Elsewhere an executable has to be signed, too, or has another name. */
const skip =
  process.platform !== 'linux'
    ? 'the commands are those for Linux'
    : absent('esbuild', 'postject');

describe('An executable of Node, made as the docs say,', { skip }, () => {
  let alone;
  let expected;
  let folder;

  before(() => {
    folder = makeProject({ tools: ['esbuild', 'postject'] });
    alone = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-alone-'));
    fs.writeFileSync(
      path.join(folder, 'server.js'),
      `const { WebSocket, WebSocketServer } = require('ws-rs');${PROGRAM}`
    );
    expected = run(folder, process.execPath, ['server.js']).stdout;
    assert.match(expected, /^5000 false permessage-deflate/);

    const { status, stderr } = run(folder, 'bash', ['-ec', commands()]);

    assert.strictEqual(status, 0, stderr);
    fs.renameSync(path.join(folder, 'server'), path.join(alone, 'server'));
  });
  after(() => {
    fs.rmSync(alone, { force: true, recursive: true });
    fs.rmSync(folder, { force: true, recursive: true });
  });

  it('says that it has no binary, and where it has to be', () => {
    const { status, stderr } = run(alone, path.join(alone, 'server'), []);

    assert.notStrictEqual(status, 0);
    assert.match(stderr, /- the bundle: No such built-in module/);
    assert.ok(stderr.includes(`copy ${BINARY} into ${alone}`), stderr);
  });

  it('runs with the binary beside it, wherever it is started', () => {
    const binary = path.join(folder, BINARY);

    assert.ok(fs.existsSync(binary), 'the commands have not copied it');
    fs.copyFileSync(binary, path.join(alone, BINARY));

    const { stderr, stdout } = run(ROOT, path.join(alone, 'server'), []);

    assert.strictEqual(stdout, expected, stderr);
  });
});

/** Those of the docs. */
function commands() {
  const docs = fs.readFileSync(path.join(ROOT, 'docs', 'bundling.md'), 'utf8');
  const [, section] = docs.split('\n## Executables of Node\n');

  return section.split('```sh\n')[1].split('```')[0];
}

function run(cwd, command, args) {
  const { NODE_OPTIONS, WS_RS_NATIVE_PATH, ...env } = process.env;
  const folders = [
    path.dirname(process.execPath),
    path.join(TOOLS, '.bin'),
    env.PATH
  ];

  return spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...env, PATH: folders.join(path.delimiter) }
  });
}
