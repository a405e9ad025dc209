'use strict';

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { pathToFileURL } = require('node:url');

const { BY_DESIGN, LEFT_OUT } = require('../scripts/forced-by-design');
const { verdict } = require('../scripts/forced-verdict');
const { testFiles } = require('../scripts/test-files');

const LISTED = [{ file: 'wire/a', test: 'A > b', reason: 'why' }];
const passes = (file, title) => ({ file, passed: true, skipped: false, title });
const fails = (file, title) => ({ ...passes(file, title), passed: false });

/** Of a run of `wire/a` and `wire/c`. */
function verdictOf(results, others) {
  return verdict({
    failed: results.some(({ passed }) => !passed),
    files: ['wire/a', 'wire/c'],
    listed: LISTED,
    results,
    ...others
  });
}

describe('A run with something forced', () => {
  it('is good if only tests fail that do so by design', () => {
    assert.deepStrictEqual(
      verdictOf([fails('wire/a', 'A > b'), passes('wire/c', 'C')]),
      {
        lines: [
          '2 tests: 1 passed, 0 skipped, 1 failed',
          'failed by design: wire/a: A > b (why)'
        ],
        ok: true
      }
    );
  });

  it('is good if these pass, and says so', () => {
    const { lines, ok } = verdictOf([passes('wire/a', 'A > b')]);

    assert.ok(ok);
    assert.match(lines[1], /^passed this time: wire\/a: A > b/);
  });

  for (const [file, title] of [
    ['wire/a', 'A > c'],
    ['wire/c', 'A > b']
  ]) {
    it(`is bad if another test fails: ${file}, ${title}`, () => {
      const { lines, ok } = verdictOf([
        passes('wire/a', 'A > b'),
        fails(file, title)
      ]);

      assert.ok(!ok);
      assert.strictEqual(lines.at(-1), `FAILED: ${file}: ${title}`);
    });
  }

  it('is bad if a test is listed that is not there, of a file that was run', () => {
    const { lines, ok } = verdictOf([passes('wire/a', 'A > c')]);

    assert.ok(!ok);
    assert.strictEqual(lines.at(-1), 'LISTED, BUT NOT THERE: wire/a: A > b');
    assert.ok(verdictOf([passes('wire/c', 'C')], { files: ['wire/c'] }).ok);
  });

  it('is bad without tests, or if the runner failed and no test', () => {
    const all = [passes('wire/a', 'A > b')];

    assert.ok(!verdictOf([], { files: [] }).ok);
    assert.ok(verdictOf(all).ok);
    assert.ok(!verdictOf(all, { failed: true }).ok);
  });
});

it('The lists name files that are there, and give reasons', () => {
  const names = testFiles().map((file) =>
    path.relative(__dirname, file).replaceAll(path.sep, '/')
  );

  for (const { file, test, reason } of Object.values(BY_DESIGN).flat()) {
    assert.ok(names.includes(`${file}.test.js`), file);
    assert.ok(test.length > 0 && reason.length > 0, file);
  }
  for (const { start, reason } of Object.values(LEFT_OUT).flat()) {
    assert.ok(
      names.some((name) => name.startsWith(start)),
      start
    );
    assert.ok(reason.length > 0, start);
  }
});

it('The reporter names each test by its file and its suites', (t) => {
  // Node names files by their real paths, and macOS has its folder behind a link.
  const folder = fs.realpathSync(
    fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-forced-'))
  );
  const reporter = path.join(__dirname, '../scripts/forced-results.mjs');
  const files = ['a', 'b'].map((name) => path.join(folder, `${name}.test.js`));
  const env = { ...process.env };

  t.after(() => fs.rmSync(folder, { recursive: true }));
  // Which has a child of a test be a part of it.
  delete env.NODE_TEST_CONTEXT;
  fs.writeFileSync(
    files[0],
    `const { describe, it } = require('node:test');
    describe('A', () => {
      describe('B', () => {
        it('passes', () => {});
        it('fails', () => { throw new Error(); });
      });
      it('is skipped', { skip: 'why' }, () => {});
    });
    it('is alone', () => {});`
  );
  fs.writeFileSync(files[1], 'process.exit(3);');

  const { stdout } = spawnSync(
    process.execPath,
    ['--test', `--test-reporter=${pathToFileURL(reporter)}`, ...files],
    { cwd: folder, encoding: 'utf8', env }
  );
  const results = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const of = (file) =>
    results
      .filter((result) => path.resolve(folder, result.file) === file)
      .map(({ passed, skipped, title }) => [title, passed, skipped]);

  assert.deepStrictEqual(of(files[0]), [
    ['A > B > passes', true, false],
    ['A > B > fails', false, false],
    ['A > is skipped', true, true],
    ['is alone', true, false]
  ]);
  // A file that ends so is a test of its own.
  assert.strictEqual(of(files[1]).length, 1);
  assert.strictEqual(of(files[1])[0][1], false);
});
