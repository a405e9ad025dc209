'use strict';

/** The pages link to each other, and to files of the checkout, and name its version. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');

const { version } = require('../package.json');

const ROOT = path.resolve(__dirname, '..');
const PAGES = ['.', 'docs'].flatMap((folder) =>
  fs
    .readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(ROOT, folder, name))
);

describe('The pages', () => {
  for (const page of PAGES) {
    it(`have no dead link in ${path.relative(ROOT, page)}`, () => {
      assert.deepStrictEqual(deadLinks(page), []);
    });
  }

  it('name the tarball that npm pack makes now, as people copy the commands', () => {
    const named = PAGES.flatMap((page) =>
      Array.from(
        fs.readFileSync(page, 'utf8').matchAll(/ws-rs[-@](\d+\.\d+\.\d+)/g),
        ([, of]) => `${path.relative(ROOT, page)}: ${of}`
      )
    );

    assert.notDeepStrictEqual(named, []);
    assert.deepStrictEqual(
      named.filter((name) => !name.endsWith(`: ${version}`)),
      []
    );
  });
});

function deadLinks(page) {
  const text = fs.readFileSync(page, 'utf8');
  const links = Array.from(text.matchAll(/\]\(([^)\s]+)\)/g), ([, to]) => to);

  return links.filter((link) => {
    if (/^\w+:/.test(link)) return false;

    const [file, anchor] = link.split('#');
    const target = file ? path.resolve(path.dirname(page), file) : page;

    if (!fs.existsSync(target)) return true;
    return Boolean(anchor) && !anchorsOf(target).has(anchor);
  });
}

// As GitHub makes them of headings.
function anchorsOf(page) {
  const text = fs.readFileSync(page, 'utf8');

  return new Set(
    Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-')
    )
  );
}
