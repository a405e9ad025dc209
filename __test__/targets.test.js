'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { ZIG } = require('../scripts/platforms/tools');
const { TARGETS } = require('../scripts/targets');

const ROOT = path.resolve(__dirname, '..');

const workflow = fs.readFileSync(
  path.join(ROOT, '.github/workflows/ci.yml'),
  'utf8'
);

describe('The list of targets', () => {
  it('is what CI builds, no more and no less', () => {
    const build = workflow.slice(
      workflow.indexOf('\n  build:'),
      workflow.indexOf('\n  test:')
    );
    const built = [...build.matchAll(/target:? (\w+-[\w-]+)/g)];
    const triples = TARGETS.map(({ triple }) => triple);

    assert.deepStrictEqual(
      built.map((match) => match[1]).sort(),
      [...triples].sort()
    );
  });

  it('has a package folder for each, and no other', () => {
    assert.deepStrictEqual(
      fs.readdirSync(path.join(ROOT, 'npm')).sort(),
      TARGETS.map(({ name }) => name).sort()
    );
  });
});

describe('The workflow of CI', () => {
  it('links with the very zig that npm run dist was tried with', () => {
    const [line] = workflow.match(/pip" install .*ziglang.*/);

    assert.strictEqual(line, `pip" install ${ZIG.join(' ')}`);
  });
});
