'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { chooseLicence, linkedCrates } = require('../scripts/third-party');

describe('linkedCrates', () => {
  const crate = (name, kind = 'lib') => ({
    id: name,
    name,
    targets: [{ kind: [kind] }]
  });
  const dep = (pkg, ...kinds) => ({
    dep_kinds: kinds.map((kind) => ({ kind })),
    pkg
  });
  const metadata = {
    packages: [
      crate('ws-rs', 'cdylib'),
      crate('ws-rs-wire'),
      crate('used'),
      crate('below'),
      crate('tested-with'),
      crate('built-with'),
      crate('macro', 'proc-macro'),
      crate('of-macro')
    ],
    resolve: {
      nodes: [
        {
          deps: [
            dep('ws-rs-wire', null),
            dep('tested-with', 'dev'),
            dep('built-with', 'build'),
            dep('macro', null)
          ],
          id: 'ws-rs'
        },
        { deps: [dep('used', 'dev', null)], id: 'ws-rs-wire' },
        { deps: [dep('below', null), dep('used', null)], id: 'used' },
        { deps: [dep('of-macro', null)], id: 'macro' },
        ...['below', 'tested-with', 'built-with', 'of-macro'].map((id) => ({
          deps: [],
          id
        }))
      ]
    },
    workspace_members: ['ws-rs', 'ws-rs-wire']
  };

  it('are those of others, not of tests, build scripts and macros', () => {
    assert.deepStrictEqual(
      linkedCrates(metadata).map(({ name }) => name),
      ['used', 'below']
    );
  });
});

describe('chooseLicence', () => {
  it('takes the shortest of those that are offered', () => {
    assert.deepStrictEqual(chooseLicence('Apache-2.0 OR MIT'), ['MIT']);
    assert.deepStrictEqual(chooseLicence('Apache-2.0/MIT'), ['MIT']);
    assert.deepStrictEqual(chooseLicence('ISC'), ['ISC']);
  });

  it('takes all that are demanded', () => {
    assert.deepStrictEqual(
      chooseLicence('(MIT OR Apache-2.0) AND Unicode-3.0'),
      ['MIT', 'Unicode-3.0']
    );
  });

  it('leaves to a person what it does not know', () => {
    assert.throws(() => chooseLicence('GPL-3.0 OR X'), /which licence of "GPL/);
  });
});

describe('THIRD-PARTY.md', () => {
  it('has a text for each crate of its list', () => {
    const file = path.join(__dirname, '../THIRD-PARTY.md');
    const text = fs.readFileSync(file, 'utf8');
    const listed = Array.from(
      text.matchAll(/^\| ([\w-]+) \| \d/gm),
      ([, name]) => name
    );
    const titles = Array.from(text.matchAll(/^## (.*)$/gm), ([, title]) =>
      title.split(', ')
    ).flat();

    assert.ok(listed.includes('zlib-rs'));
    for (const name of listed) assert.ok(titles.includes(name), name);
  });
});
