'use strict';

/**
 * Makes sure that imports run one way.
 *
 * In lib/, each folder may import from some others only (`LAYERS`), and no two
 * files import each other, in whatever way round. In a crate, no two files use
 * each other: a name that a module only passes on is followed to where it is
 * from. Between crates cargo sees to it, and check-core.js.
 */

const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./run');

/** What each folder of lib/ may import from, besides itself. */
const LAYERS = {
  // The files that BASE lists.
  base: [],
  native: ['base'],
  adapters: ['base'],
  memory: ['base'],
  wire: ['base', 'native'],
  compression: ['base', 'memory', 'native'],
  connection: ['base', 'compression', 'memory', 'native', 'wire'],
  accept: ['base', 'connection', 'native', 'wire'],
  handshake: ['accept', 'base', 'compression', 'native'],
  fanout: ['base', 'compression', 'connection', 'native', 'wire'],
  api: [
    'accept',
    'base',
    'compression',
    'connection',
    'fanout',
    'handshake',
    'native',
    // Whether Node has made a socket.
    'wire'
  ],
  // The files right in lib/ by whose names ws has something.
  names: ['api', 'compression', 'connection', 'handshake']
};
const BASE = [
  'builtins.js',
  'constants.js',
  'diagnostics.js',
  'errors-of-node.js',
  'given.js',
  'members.js',
  'option-names.js',
  'timers.js',
  'to-buffer.js',
  'validation.js',
  'weak.js'
];
const CRATES = ['.', 'crates/engine', 'crates/protocol', 'crates/wire'];
/**
 * Files of the addon that use each other: an export gets a `Call`, which has the
 * state of its copy, whose parts are where their exports are; and sockets have
 * turns, which need the state. No file may come to them.
 */
const TANGLE = [
  'binding/call.rs',
  'binding/compression.rs',
  'binding/compression/wake.rs',
  'binding/environment.rs',
  'binding/event_loop.rs',
  'binding/event_loop/context.rs',
  'binding/event_loop/socket.rs',
  'binding/event_loop/turn.rs',
  'binding/event_loop/turns.rs',
  'binding/outbox.rs',
  'binding/stage.rs'
];

if (require.main === module) {
  const lib = checkLibrary(path.join(ROOT, 'lib'));

  report('lib', lib);
  for (const crate of CRATES) {
    const source = path.join(ROOT, crate, 'src');

    report(
      `the crate ${crate}`,
      checkCrate(source, crate === '.' ? TANGLE : [])
    );
  }
}

module.exports = { LAYERS, checkCrate, checkLibrary, circles };

function report(name, { files, found }) {
  for (const line of found) console.error(`${name}: ${line}`);
  if (found.length > 0 || files === 0) process.exitCode = 1;
  else console.log(`${files} files of ${name} import one way`);
}

/**
 * @param {String} lib The folder
 * @return {{files: Number, found: String[]}} How many files it has, and what is
 *     wrong with their imports
 */
function checkLibrary(lib) {
  const edges = new Map();
  const found = [];

  for (const name of filesOf(lib, '.js')) {
    const text = fs.readFileSync(path.join(lib, name), 'utf8');
    const targets = [];

    for (const [, wanted] of text.matchAll(/\brequire\('(\.[^']*)'\)/g)) {
      const target = requiredFile(lib, path.join(path.dirname(name), wanted));

      if (target === null) continue;

      const [from, to] = [layerOf(name), layerOf(target)];

      targets.push(target);
      if (from !== to && !LAYERS[from]?.includes(to)) {
        found.push(`${name} imports ${target}: ${from} may not use ${to}`);
      }
    }

    edges.set(name, targets);
  }

  found.push(...circles(edges));
  return { files: edges.size, found };
}

/** The file that `require()` finds, or `null` if it is none of the folder's. */
function requiredFile(lib, name) {
  // A binary, which need not be there.
  if (name.endsWith('.node')) return null;

  const found = [`${name}.js`, name, path.join(name, 'index.js')].find((file) =>
    fs.statSync(path.join(lib, file), { throwIfNoEntry: false })?.isFile()
  );

  if (found === undefined) throw new Error(`lib has no ${name}`);
  return found.startsWith('..') ? null : found;
}

function layerOf(name) {
  if (name.includes(path.sep)) return name.split(path.sep, 1)[0];
  return BASE.includes(name) ? 'base' : 'names';
}

/**
 * @param {String} source The `src` folder of a crate
 * @param {String[]} [known] Files that may use each other
 * @return {{files: Number, found: String[]}} How many files it has, and what is
 *     wrong with what they use
 */
function checkCrate(source, known = []) {
  const modules = new Map();

  for (const name of filesOf(source, '.rs')) {
    const code = plainRust(fs.readFileSync(path.join(source, name), 'utf8'));

    modules.set(modulePath(name), { name, uses: usesOf(code) });
  }

  const edges = new Map();

  for (const [at, { name, uses }] of modules) {
    const targets = uses.map((use) => resolve(modules, at, use.path, 0));

    edges.set(
      name,
      targets.filter((target) => target !== undefined && target !== name)
    );
  }

  return { files: edges.size, found: circles(edges, known) };
}

/** `outbox/fates.rs` is `outbox::fates`; the root is empty. */
function modulePath(name) {
  const parts = name.replace(/\.rs$/, '').split(path.sep);

  if (['lib', 'mod'].includes(parts.at(-1))) parts.pop();
  return parts.join('::');
}

/** Without comments, texts and the tests at its end. */
function plainRust(text) {
  return text
    .replace(/\/\/.*$/gm, '')
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/#\[cfg\(test\)\]\s*mod \w+ \{[\s\S]*$/, '');
}

/** What a file uses of its crate, and what of that it passes on. */
function usesOf(code) {
  const uses = [];

  for (const [, visible, tree] of code.matchAll(
    /^\s*(pub(?:\([^)]*\))? )?use ([^;]+);/gm
  )) {
    for (const { path, as } of expand(tree.replace(/\s+/g, ' '))) {
      uses.push({ path, passesOn: visible ? as : null });
    }
  }

  const rest = code.replace(/\buse [^;]+;/g, '');

  for (const [found] of rest.matchAll(/(?<!::)\b[a-z_]\w*(?:::\w+)+/g)) {
    uses.push({ path: found.split('::'), passesOn: null });
  }

  return uses;
}

/** The paths of a use tree, each with the name that it gets. */
function expand(tree, prefix = []) {
  const text = tree.trim();
  const open = text.indexOf('{');

  if (open < 0) {
    const [full, as] = text.split(' as ');
    const parts = [...prefix, ...full.split('::')].filter(Boolean);

    if (parts.at(-1) === 'self') parts.pop();
    return [{ path: parts, as: as ?? parts.at(-1) }];
  }

  const inner = text.slice(open + 1, text.lastIndexOf('}'));
  const head = [...prefix, ...text.slice(0, open).split('::').filter(Boolean)];
  const items = [];
  let depth = 0;
  let item = '';

  for (const char of inner) {
    if (char === '{') depth++;
    if (char === '}') depth--;
    if (char === ',' && depth === 0) {
      items.push(item);
      item = '';
    } else {
      item += char;
    }
  }

  return [...items, item]
    .filter((part) => part.trim() !== '')
    .flatMap((part) => expand(part, head));
}

/** The file that a path leads to, if it is one of the crate's. */
function resolve(modules, at, names, hops) {
  let base = at === '' ? [] : at.split('::');
  let rest = names;

  if (rest[0] === 'crate') {
    base = [];
    rest = rest.slice(1);
  } else if (rest[0] === 'self') {
    rest = rest.slice(1);
  } else if (rest[0] !== 'super') {
    // Of this module, or another crate's.
    if (!modules.has([...base, rest[0]].join('::'))) return undefined;
  }

  while (rest[0] === 'super') {
    base = base.slice(0, -1);
    rest = rest.slice(1);
  }

  while (rest.length > 0 && modules.has([...base, rest[0]].join('::'))) {
    base = [...base, rest[0]];
    rest = rest.slice(1);
  }

  const there = base.join('::');
  const module = modules.get(there);
  const passed = module?.uses.find((use) => use.passesOn === rest[0]);

  if (rest.length > 0 && passed !== undefined && hops < 9) {
    const target = resolve(
      modules,
      there,
      [...passed.path, ...rest.slice(1)],
      hops + 1
    );

    return target ?? module.name;
  }

  return module?.name;
}

/**
 * @param {Map<String, String[]>} edges What each file uses
 * @param {String[]} [known] Files that may use each other
 * @return {String[]} A line for each group of files that use each other
 */
function circles(edges, known = []) {
  const found = [];
  const order = new Map();
  const lowest = new Map();
  const stack = [];

  // Tarjan's: whatever reaches itself is left on the stack together.
  const visit = (name) => {
    order.set(name, order.size);
    lowest.set(name, order.get(name));
    stack.push(name);

    for (const next of edges.get(name) ?? []) {
      if (!order.has(next)) visit(next);

      if (stack.includes(next)) {
        lowest.set(name, Math.min(lowest.get(name), lowest.get(next)));
      }
    }

    if (lowest.get(name) !== order.get(name)) return;

    const group = stack.splice(stack.indexOf(name));

    if (group.length > 1 && !group.every((file) => known.includes(file))) {
      found.push(`use each other: ${group.sort().join(', ')}`);
    }
  };

  for (const name of edges.keys()) if (!order.has(name)) visit(name);
  return found;
}

function filesOf(folder, end) {
  return fs
    .readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(end))
    .sort();
}
