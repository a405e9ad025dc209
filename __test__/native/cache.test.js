'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const {
  assertOwn,
  cacheFolder,
  cachedBinary,
  SOURCES,
  sourceHash
} = require('../../lib/native/cache');

const ROOT = path.resolve(__dirname, '../..');

describe('cacheFolder', () => {
  const home = os.homedir();

  it('is where each system keeps such things', () => {
    assert.strictEqual(
      cacheFolder({}, 'linux'),
      path.join(home, '.cache/ws-rs')
    );
    assert.strictEqual(
      cacheFolder({}, 'darwin'),
      path.join(home, 'Library/Caches/ws-rs')
    );
    assert.strictEqual(
      cacheFolder({}, 'win32'),
      path.join(home, 'AppData/Local/ws-rs/cache')
    );
    assert.strictEqual(
      cacheFolder({ LOCALAPPDATA: path.resolve('/local') }, 'win32'),
      path.resolve('/local/ws-rs/cache')
    );
  });

  it('heeds XDG_CACHE_HOME on Linux, if it is absolute', () => {
    const base = path.resolve('/var/cache/me');

    assert.strictEqual(
      cacheFolder({ XDG_CACHE_HOME: base }, 'linux'),
      path.join(base, 'ws-rs')
    );
    assert.strictEqual(
      cacheFolder({ XDG_CACHE_HOME: 'here' }, 'linux'),
      path.join(home, '.cache/ws-rs')
    );
  });

  it('is what WS_RS_CACHE names, everywhere', () => {
    for (const platform of ['linux', 'darwin', 'win32']) {
      assert.strictEqual(
        cacheFolder({ WS_RS_CACHE: 'kept' }, platform),
        path.resolve('kept')
      );
    }
  });
});

describe('cachedBinary', () => {
  it('names version, platform and sources', () => {
    const env = { WS_RS_CACHE: '/kept' };
    const file = cachedBinary({
      env,
      root: ROOT,
      target: 'linux-x64-gnu',
      version: '1.2.3'
    });

    assert.strictEqual(
      file,
      path.resolve(`/kept/ws-rs-1.2.3-linux-x64-gnu-${sourceHash(ROOT)}.node`)
    );
  });
});

describe('sourceHash', () => {
  let folder;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-hash-'));
    for (const name of SOURCES) {
      fs.cpSync(path.join(ROOT, name), path.join(folder, name), {
        recursive: true
      });
    }
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  it('is the same for the same sources, wherever they are', () => {
    assert.match(sourceHash(ROOT), /^[0-9a-f]{16}$/);
    assert.strictEqual(sourceHash(folder), sourceHash(ROOT));
  });

  it('changes with a file, and with the name of one', () => {
    const file = path.join(folder, 'crates/wire/src/lib.rs');
    const renamed = path.join(folder, 'crates/wire/src/lib2.rs');

    fs.renameSync(file, renamed);
    assert.notStrictEqual(sourceHash(folder), sourceHash(ROOT));
    fs.renameSync(renamed, file);
    assert.strictEqual(sourceHash(folder), sourceHash(ROOT));
    fs.appendFileSync(file, '\n');
    assert.notStrictEqual(sourceHash(folder), sourceHash(ROOT));
  });
});

describe(
  'assertOwn',
  { skip: !process.geteuid && 'Windows has no owners' },
  () => {
    let folder;
    let file;

    before(() => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-own-'));
      file = path.join(folder, 'binary.node');
    });
    after(() => fs.rmSync(folder, { recursive: true }));

    it('accepts what is not there, and what only the owner can write', () => {
      assertOwn(path.join(folder, 'absent/binary.node'));
      assertOwn(file);
      fs.writeFileSync(file, '', { mode: 0o644 });
      assertOwn(file);
    });

    it('refuses a file or folder that others can write', () => {
      fs.chmodSync(file, 0o664);
      assert.throws(
        () => assertOwn(file),
        /binary\.node can be written by oth/
      );
      fs.chmodSync(file, 0o644);
      fs.chmodSync(folder, 0o777);
      assert.throws(() => assertOwn(file), /ws-rs-own-\w+ can be written/);
      fs.chmodSync(folder, 0o755);
      assertOwn(file);
    });

    it('refuses a link', () => {
      const link = path.join(folder, 'link.node');

      fs.symlinkSync(file, link);
      assert.throws(() => assertOwn(link), /link\.node is a link/);
    });

    it('refuses what belongs to somebody else', (t) => {
      if (process.geteuid() !== 0) {
        return t.skip('only root can give a file away');
      }
      fs.chownSync(file, 65534, 65534);
      assert.throws(() => assertOwn(file), /belongs to another user/);
    });
  }
);
