'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');

const {
  LAYERS,
  checkCrate,
  checkLibrary,
  circles
} = require('../scripts/check-circles');

let folder;
let count = 0;

before(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-circles-'));
});
after(() => fs.rmSync(folder, { recursive: true }));

/** Writes files, and gives the folder that they are in. */
function write(files) {
  const root = path.join(folder, String(count++));

  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, name);

    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }

  return root;
}

const requires = (...names) =>
  names.map((name) => `require('${name}');\n`).join('');
const found = (files) => checkLibrary(write(files)).found;
const foundInCrate = (files, known) => checkCrate(write(files), known).found;
const inFolder = (...parts) => parts.join(path.sep);

describe('circles', () => {
  it('are groups of files that reach each other', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', ['e']],
      ['e', ['d']],
      ['f', ['a', 'e', 'nowhere']]
    ]);

    assert.deepStrictEqual(circles(edges), [
      'use each other: d, e',
      'use each other: a, b, c'
    ]);
    assert.deepStrictEqual(circles(edges, ['a', 'b', 'c', 'd']), [
      'use each other: d, e'
    ]);
  });

  it('are not there where two ways lead to the same file', () => {
    const edges = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
      ['d', []]
    ]);

    assert.deepStrictEqual(circles(edges), []);
  });
});

describe('checkLibrary', () => {
  it('lets through what imports from below, and packages', () => {
    const files = {
      'constants.js': requires('fs', '../package.json'),
      'native/index.js': requires('./loader', '../constants'),
      'native/loader.js': requires('../../binary-that-is-absent.node'),
      'api/websocket.js': requires('../native', '../constants'),
      'websocket.js': requires('./api/websocket')
    };

    fs.writeFileSync(path.join(folder, 'package.json'), '{}');
    assert.deepStrictEqual(checkLibrary(write(files)), { files: 5, found: [] });
  });

  it('finds an import from above, and from beside', () => {
    assert.deepStrictEqual(
      found({
        'wire/outbox.js': requires('../connection/decoder'),
        'connection/decoder.js': '',
        'compression/codec.js': requires('../wire/tick'),
        'wire/tick.js': '',
        'timers.js': requires('./native'),
        'native/index.js': ''
      }),
      [
        `${inFolder('compression', 'codec.js')} imports ${inFolder('wire', 'tick.js')}: compression may not use wire`,
        'timers.js imports ' +
          `${inFolder('native', 'index.js')}: base may not use native`,
        `${inFolder('wire', 'outbox.js')} imports ${inFolder('connection', 'decoder.js')}: wire may not use connection`
      ]
    );
  });

  it('finds files of one folder that import each other', () => {
    assert.deepStrictEqual(
      found({ 'api/a.js': requires('./b'), 'api/b.js': requires('./a') }),
      [`use each other: ${inFolder('api', 'a.js')}, ${inFolder('api', 'b.js')}`]
    );
  });

  it('knows layers that run one way', () => {
    const edges = new Map(Object.entries(LAYERS));

    assert.deepStrictEqual(circles(edges), []);
  });
});

describe('checkCrate', () => {
  it('finds modules that use each other, by crate and by super', () => {
    assert.deepStrictEqual(
      foundInCrate({
        'lib.rs': 'mod a;\nmod b;\n',
        'a.rs': 'use crate::b::B;\n',
        'b.rs': 'use super::a::{self, A};\n'
      }),
      ['use each other: a.rs, b.rs']
    );
  });

  it('finds a module that uses its parent, which uses it', () => {
    const files = {
      'outbox.rs': 'mod segment;\nuse self::segment::Segment;\n',
      'outbox/segment.rs': 'use super::{Lent, Other};\n'
    };

    assert.deepStrictEqual(foundInCrate(files), [
      `use each other: outbox.rs, ${inFolder('outbox', 'segment.rs')}`
    ]);
    assert.deepStrictEqual(
      foundInCrate(files, ['outbox.rs', inFolder('outbox', 'segment.rs')]),
      []
    );
  });

  it('follows a name that a module passes on to where it is from', () => {
    assert.deepStrictEqual(
      foundInCrate({
        'outbox.rs': 'mod lent;\nmod segment;\npub use self::lent::Lent;\n',
        'outbox/lent.rs': '',
        'outbox/segment.rs': 'use super::Lent;\n',
        'lib.rs': 'pub mod outbox;\npub use outbox::{segment::Segment, Lent};'
      }),
      []
    );
  });

  it('finds paths in the midst of code, and groups over lines', () => {
    assert.deepStrictEqual(
      foundInCrate({
        'a.rs': 'fn f() { super::b::g(); }\n',
        'b.rs': 'use crate::{\n    a::{f as other},\n    c,\n};\n',
        'c.rs': ''
      }),
      ['use each other: a.rs, b.rs']
    );
  });

  it('lets through comments, texts, tests and other crates', () => {
    assert.deepStrictEqual(
      foundInCrate({
        'a.rs': 'use crate::b::B;\nuse std::fmt;\n',
        'b.rs': [
          '// use crate::a::A;',
          'const TEXT: &str = "crate::a::A";',
          'use other::a::A;',
          '#[cfg(test)]',
          'mod tests {',
          '    use crate::a::A;',
          '}'
        ].join('\n')
      }),
      []
    );
  });
});
