'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { afterEach, beforeEach, describe, it } = require('node:test');

const { fingerprint, Record } = require('../../scripts/platforms/record');

describe('The record of what has passed', () => {
  let folder;
  let file;

  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'record-'));
    file = path.join(folder, 'record.json');
  });

  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('is there for the next run of the same version', () => {
    new Record(file, 'one').add('a.test.js', 'ok');

    const next = new Record(file, 'one');
    assert.strictEqual(next.outputOf('a.test.js'), 'ok');
    assert.strictEqual(next.outputOf('b.test.js'), undefined);
  });

  it('is void for another version', () => {
    new Record(file, 'one').add('a.test.js', 'ok');
    assert.strictEqual(
      new Record(file, 'two').outputOf('a.test.js'),
      undefined
    );
  });

  it('starts anew where the file is broken', () => {
    fs.writeFileSync(file, '{"version":"one","pas');
    assert.strictEqual(
      new Record(file, 'one').outputOf('a.test.js'),
      undefined
    );
  });

  it('distinguishes versions by names, order and bytes of the files', () => {
    fs.writeFileSync(path.join(folder, 'a'), 'x');
    fs.writeFileSync(path.join(folder, 'b'), 'x');
    const before = fingerprint(folder, ['a']);

    assert.strictEqual(fingerprint(folder, ['a']), before);
    assert.notStrictEqual(fingerprint(folder, ['b']), before);
    fs.writeFileSync(path.join(folder, 'a'), 'y');
    assert.notStrictEqual(fingerprint(folder, ['a']), before);
  });
});
