'use strict';

/**
 * Makes sure that the protocol and the engine stay sans-IO: their manifests
 * name no crate that does I/O or knows Node, and their sources use none of the
 * parts of std that would. `cargo` cannot refuse these, so this does. A length
 * of time is no clock: `std::time::Duration` is for all.
 */

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./run');

const CORES = ['crates/protocol', 'crates/engine'];
const CRATES = [
  ...['libc', 'mio', 'napi', 'napi-derive', 'napi-sys', 'rustix', 'tokio'],
  'ws-rs-wire'
];
const MODULES = ['fs', 'io', 'net', 'thread', 'time'];

if (require.main === module) {
  for (const core of CORES) {
    const { files, found } = checkCore(path.join(ROOT, core));

    for (const line of found) console.error(`${core}/${line}`);
    if (found.length > 0 || files === 0) process.exitCode = 1;
    else console.log(`${files} source files of ${core} do no I/O`);
  }
}

module.exports = { checkCore, forbiddenCrates, forbiddenModules };

/**
 * @param {String} core The folder of a crate
 * @return {{files: Number, found: String[]}} How many source files it has, and
 *     `file: what` for each forbidden thing
 */
function checkCore(core) {
  const sources = rustFiles(path.join(core, 'src'));
  const manifest = fs.readFileSync(path.join(core, 'Cargo.toml'), 'utf8');
  const found = [
    ...forbiddenCrates(manifest).map((name) => `Cargo.toml: the crate ${name}`),
    ...sources.flatMap((file) => {
      const text = fs.readFileSync(file, 'utf8');
      const name = path.relative(core, file);
      return forbiddenModules(text).map((use) => `${name}:${use}`);
    })
  ];

  return { files: sources.length, found };
}

/**
 * @param {String} manifest The text of a Cargo.toml
 * @return {String[]} The forbidden crates it names, for tests too
 */
function forbiddenCrates(manifest) {
  const keys = manifest
    .split('\n')
    .map((line) => /^\s*(?:\[.*dependencies\.)?([\w-]+)\s*[\].=]/.exec(line))
    .map((match) => match?.[1])
    .filter((name) => CRATES.includes(name));
  const renamed = [...manifest.matchAll(/package\s*=\s*"([\w-]+)"/g)]
    .map((match) => match[1])
    .filter((name) => CRATES.includes(name));

  return [...keys, ...renamed];
}

/**
 * @param {String} source The text of a Rust file
 * @return {String[]} `line: what` for each use of a forbidden module
 */
function forbiddenModules(source) {
  const names = MODULES.join('|');
  const single = new RegExp(`\\bstd::(?:${names})\\b`);
  const grouped = new RegExp(`[{,]\\s*(?:${names})\\b`);
  const found = [];
  let inGroup = false;

  source.split('\n').forEach((line, index) => {
    const code = line
      .replace(/\/\/.*$/, '')
      .replace(/\b(?:std::)?time::Duration\b/g, 'Duration');
    const opens = /\bstd::\{/.test(code);
    // In a group that spans lines, each line is its own list.
    const list = inGroup && !opens ? `{${code}` : code;

    if (single.test(code) || ((opens || inGroup) && grouped.test(list))) {
      found.push(`${index + 1}: ${line.trim()}`);
    }
    if (opens) inGroup = true;
    if (/\};/.test(code)) inGroup = false;
  });

  return found;
}

function rustFiles(folder) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.rs'))
    .map((name) => path.join(folder, name));
}
