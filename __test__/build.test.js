'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const { build, isStale } = require('../scripts/build');
const { standInForLibnode } = require('../scripts/libnode-stand-in');
const { targetByTriple } = require('../scripts/targets');

describe('The build script', () => {
  let folder;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-stale-'));
    fs.mkdirSync(path.join(folder, 'src/deep'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'src/deep/lib.rs'), '');
    fs.writeFileSync(path.join(folder, 'binary'), '');
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  function stamp(name, seconds) {
    fs.utimesSync(path.join(folder, name), seconds, seconds);
  }

  function stale(binary = 'binary') {
    const inputs = [path.join(folder, 'src'), path.join(folder, 'absent')];
    return isStale(path.join(folder, binary), inputs);
  }

  it('builds what is missing or older than a source, not what is newer', () => {
    for (const name of ['src/deep/lib.rs', 'src/deep', 'src']) stamp(name, 100);

    assert.strictEqual(stale('no-binary'), true);
    stamp('binary', 101);
    assert.strictEqual(stale(), false);
    stamp('binary', 99);
    assert.strictEqual(stale(), true);
    stamp('binary', 100);
    assert.strictEqual(stale(), true);
  });

  it('notices a deleted source by the time of its folder', () => {
    stamp('binary', 101);
    stamp('src/deep', 102);
    assert.strictEqual(stale(), true);
  });

  it('refuses a target that is not published, with the list', () => {
    assert.throws(
      () => build({ target: 'sparc-sun-solaris' }),
      /unknown target "sparc-sun-solaris".*\n.*aarch64-apple-darwin/
    );
    assert.strictEqual(
      targetByTriple('x86_64-unknown-linux-musl').name,
      'linux-x64-musl'
    );
  });

  it('gives linkers of the GNU tools an empty libnode, and leaves it alone', () => {
    const libraries = path.join(folder, 'deep/libnode');
    const contents = () =>
      fs.readdirSync(libraries).map((name) => {
        const file = path.join(libraries, name);
        const { mtimeMs } = fs.statSync(file);
        return { mtimeMs, name, text: fs.readFileSync(file, 'utf8') };
      });

    assert.strictEqual(standInForLibnode(libraries), libraries);
    const first = contents();
    assert.deepStrictEqual(
      first.map(({ name, text }) => ({ name, text })),
      [
        { name: 'libnode.a', text: '!<arch>\n' },
        { name: 'libnode.dll', text: '' },
        { name: 'libnode.dll.a', text: '!<arch>\n' }
      ]
    );
    // What is written again cargo compiles again.
    fs.utimesSync(path.join(libraries, 'libnode.dll'), 1000, 1000);
    const stamped = contents();
    standInForLibnode(libraries);
    assert.deepStrictEqual(contents(), stamped);
  });

  it('says what to install when there is no cargo', () => {
    const { CARGO } = process.env;

    process.env.CARGO = path.join(folder, 'no-cargo');
    try {
      assert.throws(() => build(), /needs Rust 1\.\d+ or newer.*rustup\.rs/);
    } finally {
      if (CARGO === undefined) delete process.env.CARGO;
      else process.env.CARGO = CARGO;
    }
  });
});
