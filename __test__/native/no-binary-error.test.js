'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { describe, it } = require('node:test');

const { loadNative } = require('../../lib/native/loader');

const ROOT = path.resolve(__dirname, '../..');
const LINUX = {
  actual: () => ({}),
  arch: 'x64',
  env: {},
  libc: 'gnu',
  platform: 'linux'
};
const BUILD = /To build from source|npm run build|npx --no-install ws-rs-build/;
const INSTALL = /optional dependencies/;

/** The error's message on a machine where each attempt ends so. */
function message(errors, host) {
  let err;

  assert.throws(
    () =>
      loadNative({
        ...LINUX,
        require(source) {
          const found = source.startsWith('@') ? errors.packaged : errors.own;
          if (found instanceof Error) throw found;
          return found;
        },
        version: '2.0.0',
        ...host
      }),
    (thrown) => {
      err = thrown;
      return thrown.code === 'WS_RS_NO_BINARY';
    }
  );
  return err.message;
}

function coded(code, text) {
  return Object.assign(new Error(text), { code });
}

const missing = (name) =>
  coded('MODULE_NOT_FOUND', `Cannot find module '${name}'`);
const ABSENT = {
  own: missing('../../ws-rs.linux-x64-gnu.node'),
  packaged: missing('@ws-rs/linux-x64-gnu')
};
const disabled = () =>
  coded(
    'ERR_DLOPEN_DISABLED',
    'Cannot load native addon because loading addons is disabled.'
  );

describe('The advice of WS_RS_NO_BINARY', () => {
  it('is to install or to build where nothing is installed', () => {
    const text = message(ABSENT);

    assert.match(text, INSTALL);
    assert.match(text, BUILD);
    assert.ok(text.search(BUILD) < text.search(INSTALL));
    assert.match(text, /linux-x64-gnu\.node: no such file\n/);
    assert.match(text, /@ws-rs\/linux-x64-gnu: not installed\n/);
    assert.doesNotMatch(text, /bundle|--allow|addons|WS_RS_NATIVE|Remove/);
  });

  it('is to remove what stands in the way', () => {
    const text = message({ ...ABSENT, own: { version: '1.0.0' } });

    assert.match(text, /is version 1\.0\.0, not 2\.0\.0/);
    assert.match(
      text,
      /Remove .*ws-rs\.linux-x64-gnu\.node, or build it again/
    );
  });

  it('is to install again where the packages differ', () => {
    const text = message({ ...ABSENT, packaged: { version: '1.0.0' } });

    assert.match(text, /Install again, so that both packages have the same/);
    assert.doesNotMatch(text, INSTALL);
  });

  it('is not to install a package that is installed, but cannot be loaded', () => {
    const packaged = coded(
      'ERR_DLOPEN_FAILED',
      "version `GLIBC_2.38' not found"
    );
    const text = message({ ...ABSENT, packaged });

    assert.match(text, /GLIBC_2\.38/);
    assert.doesNotMatch(text, INSTALL);
    assert.match(text, BUILD);
  });

  it('is to take --no-addons out, and neither to install nor to build', () => {
    const text = message({ own: disabled(), packaged: ABSENT.packaged });

    assert.match(text, /--no-addons/);
    assert.doesNotMatch(text, BUILD);
    assert.doesNotMatch(text, INSTALL);
    assert.doesNotMatch(text, /--allow-addons/);
  });

  it('is --allow-addons under the permission model, and nothing else', () => {
    const text = message(
      { own: disabled(), packaged: ABSENT.packaged },
      { permission: { has: () => false } }
    );

    assert.match(text, /--allow-addons/);
    assert.doesNotMatch(text, BUILD);
    assert.doesNotMatch(text, INSTALL);
    assert.doesNotMatch(text, /--no-addons/);
  });

  it('is the flag, not the path, where WS_RS_NATIVE_PATH is right', () => {
    const env = { WS_RS_NATIVE_PATH: '/somewhere/own.node' };
    const text = message({ own: disabled() }, { env });

    assert.match(text, /--no-addons/);
    assert.doesNotMatch(text, /Correct or unset/);
  });

  it('is to correct WS_RS_NATIVE_PATH where that is wrong', () => {
    const file = path.resolve('/nowhere.node');
    const text = message(
      { own: missing(file) },
      { bundled: true, env: { WS_RS_NATIVE_PATH: file } }
    );

    assert.match(text, /nowhere\.node: no such file\nCorrect or unset/);
    assert.doesNotMatch(text, BUILD);
    assert.doesNotMatch(text, /bundle/);
  });

  it('is --allow-fs-read for a file that may not be read', () => {
    const own = coded('ERR_ACCESS_DENIED', 'Access to this API is restricted.');
    const file = path.resolve('/somewhere/own.node');
    const text = message({ own }, { env: { WS_RS_NATIVE_PATH: file } });

    assert.ok(text.includes(`--allow-fs-read=${file}`), text);
    assert.doesNotMatch(text, BUILD);
  });

  it('is the flag that Deno names', () => {
    const own = new Error('Requires ffi access, run again with --allow-ffi');

    own.name = 'NotCapable';

    const text = message({ ...ABSENT, own });

    assert.match(text, /--allow-ffi\n/);
    assert.match(text, /Start Deno with the flag that is named above/);
    assert.doesNotMatch(text, BUILD);
  });

  it('is to take the binary along in a bundle, not to build or install', () => {
    const text = message(ABSENT, { bundled: true });

    assert.match(text, /docs\/bundling\.md/);
    assert.match(text, /copy ws-rs\.linux-x64-gnu\.node into /);
    assert.match(text, /WS_RS_NATIVE_PATH/);
    assert.match(text, /external/);
    assert.doesNotMatch(text, BUILD);
    assert.doesNotMatch(text, INSTALL);
  });

  it('is to leave ws-rs out of a bundle of Turbopack', () => {
    const own = coded('TURBOPACK', 'is not in it');
    const text = message({ own, packaged: own }, { bundled: true });

    assert.match(text, /^ {2}serverExternalPackages: \['ws-rs'\]$/m);
    assert.doesNotMatch(text, /copy /);
    assert.doesNotMatch(text, BUILD);
  });

  it('is the flag in a bundle, too, where Node loads no addons', () => {
    const text = message(
      { own: disabled(), packaged: disabled() },
      { bundled: true }
    );

    assert.match(text, /--no-addons/);
    assert.doesNotMatch(text, /docs\/bundling/);
  });
});

describe('Node itself', () => {
  const permission =
    Number(process.versions.node.split('.')[0]) < 22
      ? '--experimental-permission'
      : '--permission';
  const load = `try { require(${JSON.stringify(ROOT)}) } catch (err) {
    console.log(err.code, err.message);
  }`;

  function run(flags, source = load, env = {}) {
    const { stderr, stdout } = spawnSync(
      process.execPath,
      [...flags, '-e', source],
      { encoding: 'utf8', env: { ...process.env, ...env } }
    );

    assert.match(stdout, /^WS_RS_NO_BINARY /, stderr);
    return stdout;
  }

  it('says so with --no-addons', () => {
    assert.match(run(['--no-addons']), /Take that flag out/);
  });

  it('says so with --no-addons in NODE_OPTIONS', () => {
    const stdout = run([], load, { NODE_OPTIONS: '--no-addons' });

    assert.match(stdout, /Take that flag out/);
  });

  it('says so with --no-addons in the execArgv of a worker', () => {
    const options = "{ eval: true, execArgv: ['--no-addons'] }";
    const stdout = run(
      [],
      `new (require('worker_threads').Worker)(
         ${JSON.stringify(load)}, ${options})`
    );

    assert.match(stdout, /Take that flag out/);
  });

  it('says so under the permission model', () => {
    const stdout = run([permission, '--allow-fs-read=*']);

    assert.match(stdout, /with --allow-addons/);
  });

  it('loads it with --allow-addons', () => {
    const { stdout } = spawnSync(
      process.execPath,
      [
        ...[permission, '--allow-fs-read=*', '--allow-addons', '-p'],
        `require(${JSON.stringify(ROOT)}).name`
      ],
      { encoding: 'utf8' }
    );

    assert.strictEqual(stdout, 'WebSocket\n');
  });
});
