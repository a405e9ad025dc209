'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');

const { loadNative } = require('../../lib/native/loader');

const ROOT = path.resolve(__dirname, '../..');

describe('loadNative', () => {
  const kept = path.resolve('/kept/ws-rs.node');
  const linux = {
    actual: () => ({}),
    arch: 'x64',
    cached: () => kept,
    env: {},
    libc: 'gnu',
    platform: 'linux'
  };
  const local = path.join(ROOT, 'ws-rs.linux-x64-gnu.node');
  const packaged = '@ws-rs/linux-x64-gnu';

  it('prefers a local build to the platform package', () => {
    const binding = { version: '1.0.0' };
    const { calls, require } = machine({
      [local]: binding,
      [packaged]: { version: '1.0.0' }
    });

    const loaded = loadNative({ ...linux, require, version: '1.0.0' });
    assert.strictEqual(loaded, binding);
    assert.deepStrictEqual(calls, [local]);
  });

  it('takes the platform package where there is no local build', () => {
    const binding = { version: '1.0.0' };
    const { calls, require } = machine({ [packaged]: binding });

    const loaded = loadNative({ ...linux, require, version: '1.0.0' });
    assert.strictEqual(loaded, binding);
    assert.deepStrictEqual(calls, [local, packaged]);
  });

  it('takes what was built once, where there is neither', () => {
    const binding = { version: '1.0.0' };
    const { calls, require } = machine({ [kept]: binding });

    const loaded = loadNative({ ...linux, require, version: '1.0.0' });
    assert.strictEqual(loaded, binding);
    assert.deepStrictEqual(calls, [local, packaged, kept]);
  });

  it('does not look for sources as long as there is a binary', () => {
    const { require } = machine({ [packaged]: { version: '1.0.0' } });
    const cached = () => assert.fail('looked for');

    loadNative({ ...linux, cached, require, version: '1.0.0' });
  });

  it('goes on where it cannot read its sources', () => {
    const cached = () => {
      throw new Error('Access to this API has been restricted');
    };

    assert.throws(
      () => loadNative({ ...linux, cached, require: machine({}).require }),
      { code: 'WS_RS_NO_BINARY' }
    );
  });

  it('passes over a local build of another version', () => {
    const binding = { version: '2.0.0' };
    const { require } = machine({
      [local]: { version: '1.0.0' },
      [packaged]: binding
    });

    const loaded = loadNative({ ...linux, require, version: '2.0.0' });
    assert.strictEqual(loaded, binding);
  });

  it('passes over a binary that does not say its version', () => {
    const { require } = machine({ [local]: {} });

    assert.throws(() => loadNative({ ...linux, require, version: '2.0.0' }), {
      code: 'WS_RS_NO_BINARY',
      message: /ws-rs\.linux-x64-gnu\.node: is no binary of ws-rs\n/
    });
  });

  it('loads the file of WS_RS_NATIVE_PATH and nothing else', () => {
    const file = path.resolve('/elsewhere/debug.node');
    const binding = { version: '0.0.1' };
    const env = { WS_RS_NATIVE_PATH: file };
    const { calls, require } = machine({ [file]: binding, [local]: {} });

    const loaded = loadNative({ ...linux, env, require, version: '1.0.0' });
    assert.strictEqual(loaded, binding);
    assert.deepStrictEqual(calls, [file]);
  });

  it('does not fall back when WS_RS_NATIVE_PATH is wrong', () => {
    const env = { WS_RS_NATIVE_PATH: '/nowhere.node' };
    const { require } = machine({ [local]: {}, [packaged]: {} });

    assert.throws(() => loadNative({ ...linux, env, require }), {
      code: 'WS_RS_NO_BINARY',
      message: /nowhere\.node: no such file\n.*unset.*WS_RS_NATIVE_PATH/
    });
  });

  it('says of a file of WS_RS_NATIVE_PATH that it is none of ws-rs', () => {
    const own = path.join(ROOT, 'package.json');
    const addon = path.resolve('/elsewhere/other.node');
    const { require } = machine({ [addon]: {} });
    const reason = (file, load) => {
      const env = { WS_RS_NATIVE_PATH: file };

      try {
        loadNative({ ...linux, env, ...(load && { require: load }) });
      } catch (err) {
        assert.strictEqual(err.code, 'WS_RS_NO_BINARY');
        return err.attempts[0].reason;
      }
      return assert.fail('it was loaded');
    };

    assert.strictEqual(reason(addon, require), 'is no binary of ws-rs');
    for (const file of [own, ROOT]) {
      assert.match(reason(file), /its name does not end in \.node/);
    }
    assert.strictEqual(reason(path.join(ROOT, 'nowhere')), 'no such file');
  });

  it(
    'says of a binary that is for another processor that it is',
    { skip: process.platform !== 'linux' && 'only glibc calls it absent' },
    () => {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-loader-'));
      const file = path.join(folder, 'other.node');
      const said = (text) => {
        const err = new Error(`${file}: ${text}`);

        err.code = 'ERR_DLOPEN_FAILED';
        try {
          loadNative({
            ...linux,
            env: { WS_RS_NATIVE_PATH: file },
            require: machine({ [file]: err }).require
          });
        } catch ({ attempts }) {
          return attempts[0].reason;
        }
        return assert.fail('it was loaded');
      };
      const absent =
        'cannot open shared object file: No such file or directory';

      try {
        fs.writeFileSync(file, '');
        assert.strictEqual(said(absent), 'is for another processor');
        assert.strictEqual(said('file too short'), 'file too short');
        fs.rmSync(file);
        assert.strictEqual(said(absent), absent);
      } finally {
        fs.rmSync(folder, { recursive: true });
      }
    }
  );

  it('names the platform, every attempt and the command in one error', () => {
    const { require } = machine({
      [local]: new Error('GLIBC_2.38 not found\nmore'),
      [packaged]: { version: '0.9.0' }
    });

    assert.throws(
      () => loadNative({ ...linux, require, version: '1.0.0' }),
      (err) => {
        assert.ok(err instanceof Error);
        assert.strictEqual(err.code, 'WS_RS_NO_BINARY');
        assert.match(err.message, /linux x64 \(libc: gnu\)/);
        assert.match(err.message, /npm run build|npx --no-install ws-rs-build/);
        assert.deepStrictEqual(err.attempts, [
          { source: local, reason: 'GLIBC_2.38 not found' },
          { source: packaged, reason: 'is version 0.9.0, not 1.0.0' },
          { source: kept, reason: 'no such file' }
        ]);
        for (const { source, reason } of err.attempts) {
          assert.ok(err.message.includes(`${source}: ${reason}`));
        }
        return true;
      }
    );
  });

  it('says of what is absent that it is absent', () => {
    const host = { ...linux, arch: 'mips', cached: () => null, libc: 'musl' };

    assert.throws(
      () => loadNative({ ...host, require: machine({}).require }),
      (err) => {
        const reasons = err.attempts.map((attempt) => attempt.reason);
        assert.deepStrictEqual(reasons, ['no such file', 'not installed']);
        return true;
      }
    );
  });

  it('reports a module that a binary misses as it is', () => {
    const { require } = machine({ [local]: notFound('something-else') });

    assert.throws(
      () => loadNative({ ...linux, require }),
      (err) => {
        assert.match(err.attempts[0].reason, /something-else/);
        return true;
      }
    );
  });

  it('takes a build of the GNU tools on Windows, if there is no other', () => {
    // Of no machine that exists, as it has to be in the package's folder.
    const host = {
      ...{ actual: () => ({}), arch: 'test', env: {}, libc: null },
      platform: 'win32'
    };
    const [msvc, gnu] = ['msvc', 'gnu'].map((abi) =>
      path.join(ROOT, `ws-rs.win32-test-${abi}.node`)
    );
    const packaged = '@ws-rs/win32-test-msvc';
    const binding = { version: '1.0.0' };
    const look = (modules) => {
      const { calls, require } = machine(modules);

      loadNative({ ...host, require, version: '1.0.0' });
      return calls;
    };

    fs.writeFileSync(gnu, '');
    try {
      assert.deepStrictEqual(look({ [gnu]: binding }), [msvc, packaged, gnu]);
      assert.deepStrictEqual(look({ [gnu]: binding, [packaged]: binding }), [
        msvc,
        packaged
      ]);
    } finally {
      fs.rmSync(gnu);
    }
    assert.throws(() => look({ [gnu]: binding }), { code: 'WS_RS_NO_BINARY' });
  });

  it('says of a DLL that misses another that the file itself is there', () => {
    const host = { arch: 'x64', env: {}, libc: null, platform: 'win32' };
    const err = new Error(
      'The specified module could not be found.\r\n\\\\?\\C:\\app\\x.node'
    );
    const file = path.resolve('/app/x.node');

    err.code = 'ERR_DLOPEN_FAILED';
    assert.throws(
      () =>
        loadNative({
          ...host,
          env: { WS_RS_NATIVE_PATH: file },
          require: machine({ [file]: err }).require
        }),
      /x\.node: The specified module could not be found\. \(the file itself is there: .* a DLL that it needs\)\n/
    );
  });

  it('does not believe what a program says of its machine', () => {
    const binding = { version: '1.0.0' };
    const { calls, require } = machine({ '@ws-rs/freebsd-x64': binding });
    const loaded = loadNative({
      actual: () => ({ arch: 'x64', platform: 'freebsd' }),
      arch: 'arm64',
      cached: () => null,
      env: {},
      platform: 'darwin',
      require,
      version: '1.0.0'
    });

    assert.strictEqual(loaded, binding);
    assert.deepStrictEqual(calls, [
      path.join(ROOT, 'ws-rs.darwin-arm64.node'),
      '@ws-rs/darwin-arm64',
      path.join(ROOT, 'ws-rs.freebsd-x64.node'),
      '@ws-rs/freebsd-x64'
    ]);
  });

  it('loads with another platform in process', () => {
    const code = `
      for (const [name, value] of [
        ['platform', process.platform === 'win32' ? 'linux' : 'win32'],
        ['arch', 's390x']
      ]) {
        Object.defineProperty(process, name, { value });
      }
      console.log(typeof require('.').WebSocketServer);`;
    const { stderr, stdout } = spawnSync(process.execPath, ['-e', code], {
      cwd: ROOT,
      encoding: 'utf8'
    });

    assert.strictEqual(stderr, '');
    assert.strictEqual(stdout, 'function\n');
  });

  it('leaves out the C library where there is no choice', () => {
    const host = {
      ...{ actual: () => ({}), arch: 'arm64', env: {}, libc: null },
      platform: 'darwin'
    };

    assert.throws(
      () => loadNative({ ...host, require: machine({}).require }),
      /no binary for darwin arm64\. Tried:/
    );
  });
});

// A `require` that knows the given modules only; an Error is thrown.
function machine(modules) {
  const calls = [];

  return {
    calls,
    require(name) {
      calls.push(name);
      const found = modules[name] ?? notFound(name);
      if (found instanceof Error) throw found;
      return found;
    }
  };
}

function notFound(name) {
  const err = new Error(`Cannot find module '${name}'\nRequire stack:\n- x`);
  err.code = 'MODULE_NOT_FOUND';
  return err;
}
