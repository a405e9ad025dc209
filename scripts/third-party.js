'use strict';

/**
 * Writes THIRD-PARTY.md: the licences of everything that is linked into the
 * binaries, on any platform of targets.js.
 *
 *   node scripts/third-party.js            write it
 *   node scripts/third-party.js --check    fail if it is out of date
 *
 * The texts are those in the crates, where cargo has unpacked them. The network
 * is asked only for crates that are not there.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./run');
const { TARGETS } = require('./targets');

const FILE = path.join(ROOT, 'THIRD-PARTY.md');
const LICENCE_FILE = /^(licen[cs]e|copying|copyright|notice|unlicense)/i;
/** Of several licences to choose from, the first of these that is offered. */
const PREFERRED = ['MIT', 'Zlib', 'Apache-2.0', 'BSD-3-Clause', 'ISC', '0BSD'];

const HEAD = `# Licences of third parties

Made by \`node scripts/third-party.js\` from Cargo.lock: do not change it by hand.

The binaries of ws-rs contain code of the crates below, of the standard library
of Rust (MIT OR Apache-2.0) and, on some platforms, of the stack unwinder of LLVM
(Apache-2.0 WITH LLVM-exception) or the C runtime of Visual C++. Where a crate may be used under several licences, its text is that
of one of them. ws-rs itself is under the licence in LICENSE.
`;

if (require.main === module) {
  try {
    main(process.argv.includes('--check'));
  } catch (err) {
    console.error(`third-party: ${err.message}`);
    process.exitCode = 1;
  }
}

module.exports = { chooseLicence, linkedCrates };

function main(isCheck) {
  const crates = new Map();

  for (const { triple } of TARGETS) {
    for (const crate of linkedCrates(metadata(triple))) {
      crates.set(crate.id, crate);
    }
  }

  const text = toMarkdown([...crates.values()]);
  const old = fs.existsSync(FILE) ? fs.readFileSync(FILE, 'utf8') : '';

  if (old === text) {
    console.log(`THIRD-PARTY.md has ${crates.size} crates, all is well`);
  } else if (isCheck) {
    throw new Error('THIRD-PARTY.md is out of date, run this without --check');
  } else {
    fs.writeFileSync(FILE, text);
    console.log(`wrote THIRD-PARTY.md with ${crates.size} crates`);
  }
}

/**
 * The crates of others that end up in the addon: what it depends on, but for
 * tests, build scripts and macros, which only make code.
 *
 * @param {Object} metadata As `cargo metadata` gives it
 * @return {Object[]} Its packages
 */
function linkedCrates({ packages, resolve, workspace_members: own }) {
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const found = new Set();
  const queue = own.filter((id) => byId.get(id).name === 'ws-rs');

  while (queue.length > 0) {
    const id = queue.pop();
    const isMacro = byId
      .get(id)
      .targets.some(({ kind }) => kind.includes('proc-macro'));

    if (found.has(id) || isMacro) continue;
    found.add(id);
    for (const { dep_kinds: kinds, pkg } of nodes.get(id).deps) {
      if (kinds.some(({ kind }) => kind === null)) queue.push(pkg);
    }
  }

  return [...found].filter((id) => !own.includes(id)).map((id) => byId.get(id));
}

/**
 * @param {String} expression As in Cargo.toml
 * @return {String[]} The licences whose texts are to be given
 * @throws {Error} If none of them is known here
 */
function chooseLicence(expression) {
  const groups = expression
    .split(/\s+AND\s+/)
    .map((group) => group.replace(/[()]/g, '').split(/\s+OR\s+|\//));

  return groups.map((offered) => {
    const names = offered.map((name) => name.trim());
    const chosen =
      PREFERRED.find((name) => names.includes(name)) ??
      (names.length === 1 ? names[0] : undefined);

    if (!chosen) {
      throw new Error(`which licence of "${expression}"? See PREFERRED`);
    }
    return chosen;
  });
}

function toMarkdown(crates) {
  const texts = new Map([
    [
      mit('The Rust Project Contributors'),
      [{ name: 'The standard library of Rust' }]
    ]
  ]);

  crates.sort((a, b) => a.name.localeCompare(b.name, 'en') || compare(a, b));
  for (const crate of crates) {
    for (const text of licenceTexts(crate)) {
      texts.set(text, [...(texts.get(text) ?? []), crate]);
    }
  }

  const rows = crates.map(
    ({ license, name, version }) => `| ${name} | ${version} | ${license} |`
  );
  const sections = [...texts].map(
    ([text, users]) =>
      `## ${users.map(({ name }) => name).join(', ')}\n\n` +
      `\`\`\`\`text\n${text}\n\`\`\`\`\n`
  );

  return [
    HEAD,
    `| crate | version | licence |\n|---|---|---|\n${rows.join('\n')}\n`,
    ...sections
  ].join('\n');
}

function compare(a, b) {
  return a.version < b.version ? -1 : 1;
}

function licenceTexts(crate) {
  const folder = path.dirname(crate.manifest_path);
  const files = fs
    .readdirSync(folder)
    .filter((name) => LICENCE_FILE.test(name))
    .filter((name) => fs.statSync(path.join(folder, name)).isFile())
    .sort();
  const chosen = chooseLicence(crate.license);
  // Files are called LICENSE-MIT or the like where there are several.
  const wanted = files.filter(
    (name) =>
      chosen.some((licence) => isNamedFor(name, licence)) ||
      /^(notice|copyright)/i.test(name)
  );
  const taken = wanted.length > 0 ? wanted : files;

  if (taken.length === 0) return [missing(crate, chosen)];
  return taken.map((name) =>
    fs
      .readFileSync(path.join(folder, name), 'utf8')
      .replace(/\r\n/g, '\n')
      .replace(/[ \t]+$/gm, '')
      .trim()
  );
}

function isNamedFor(file, licence) {
  const [word] = licence.toLowerCase().split('-');
  return file.toLowerCase().split(/[-_.]/).slice(1).includes(word);
}

// Not every crate has the text with it; its authors are in its manifest.
function missing({ authors, name }, chosen) {
  if (chosen.join() !== 'MIT' || authors.length === 0) {
    throw new Error(`${name} has no licence text: find it, and add it here`);
  }
  return mit(authors.map((author) => author.replace(/ <.*>/, '')).join(', '));
}

function mit(holders) {
  return `MIT License

Copyright (c) ${holders}

Permission is hereby granted, free of charge, to any person obtaining a copy of
this software and associated documentation files (the "Software"), to deal in
the Software without restriction, including without limitation the rights to
use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of
the Software, and to permit persons to whom the Software is furnished to do so,
subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS
FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN
CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
}

function metadata(triple) {
  const args = [
    ...['metadata', '--locked', '--format-version=1'],
    ...['--filter-platform', triple]
  ];

  for (const last of [['--offline'], []]) {
    const { error, status, stderr, stdout } = spawnSync(
      process.env.CARGO || 'cargo',
      [...args, ...last],
      { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 28 }
    );

    if (error) throw error;
    if (status === 0) return JSON.parse(stdout);
    if (last.length === 0) throw new Error(stderr);
  }
}
