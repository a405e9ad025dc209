'use strict';

const { path } = require('../builtins');
/**
 * The error of a program that has no binary, with what helps in its situation
 * and nothing else.
 */

/** What the loader notes where there is nothing at all. */
const MISSING = 'MISSING';

/**
 * @param {Object} situation What the loader knows
 * @param {String} situation.arch As `process.arch`
 * @param {Object[]} situation.attempts `source`, `reason` and `code` of each
 * @param {Boolean} situation.bundled Whether the package is part of a bundle
 * @param {(String|null)} situation.folder Where the bundle is, if it can know
 * @param {String} [situation.forced] `WS_RS_NATIVE_PATH`
 * @param {(String|null)} situation.libc `'gnu'`, `'musl'` or `null`
 * @param {Object} [situation.permission] As `process.permission`
 * @param {String} situation.platform As `process.platform`
 * @param {String} situation.target The name of the platform's binary
 * @return {Error} With code `'WS_RS_NO_BINARY'` and `attempts`
 */
function noBinaryError(situation) {
  const { arch, attempts, libc, platform } = situation;
  const err = new Error(
    [
      `ws-rs found no binary for ${platform} ${arch}` +
        `${libc ? ` (libc: ${libc})` : ''}. Tried:`,
      ...attempts.map(({ source, reason }) => `  - ${source}: ${reason}`),
      ...advice(situation)
    ].join('\n')
  );

  err.code = 'WS_RS_NO_BINARY';
  err.attempts = attempts.map(({ source, reason }) => ({ source, reason }));
  return err;
}

module.exports = noBinaryError;

function advice(situation) {
  const { attempts, bundled, forced } = situation;
  const codes = attempts.map(({ code }) => code);

  if (codes.includes('ERR_DLOPEN_DISABLED')) return allowAddons(situation);
  if (codes.includes('ERR_ACCESS_DENIED')) return allowReading(situation);
  // Deno's; the message says which flag it wants.
  if (codes.includes('NotCapable')) {
    return ['Start Deno with the flag that is named above, too.'];
  }
  if (forced) {
    return ['Correct or unset the environment variable WS_RS_NATIVE_PATH.'];
  }
  if (codes.includes('TURBOPACK')) return leaveOut();
  return bundled ? takeAlong(situation) : install(situation);
}

function allowAddons({ permission }) {
  return permission
    ? [
        "Node's permission model keeps programs from loading binaries. Start",
        'Node with --allow-addons, too.'
      ]
    : [
        'Node was started with --no-addons, by its command line, NODE_OPTIONS',
        "or a worker's execArgv, and loads no binaries then. Take that flag out."
      ];
}

function allowReading({ attempts }) {
  const { source } = attempts.find(({ code }) => code === 'ERR_ACCESS_DENIED');
  // A package's files are in a folder of their own.
  const what = path.isAbsolute(source) ? source : `<folder of ${source}>`;

  return [
    "Node's permission model keeps the program from reading this file. Start",
    `Node with --allow-fs-read=${what}, too.`
  ];
}

function takeAlong({ folder, target }) {
  const file = `ws-rs.${target}.node`;

  return [
    'It is part of a bundle, and its binary has to be taken along. Either',
    '  - tell the bundler to (docs/bundling.md of ws-rs says how), or',
    ...(folder === null ? [] : [`  - copy ${file} into ${folder}, or`]),
    `  - set the environment variable WS_RS_NATIVE_PATH to the path of ${file}, or`,
    '  - leave ws-rs out of the bundle (as "external"), and install it there.'
  ];
}

function leaveOut() {
  return [
    'It is part of a bundle of Turbopack, which cannot take binaries along. Leave',
    'ws-rs out of the bundle: write in next.config',
    '',
    "  serverExternalPackages: ['ws-rs']",
    '',
    "or 'ws', if it is installed under that name."
  ];
}

function install({ attempts, target }) {
  const [own, packaged] = attempts;
  const lines = [];

  if (own.code !== MISSING) {
    lines.push(`Remove ${own.source}, or build it again.`);
  }
  if (packaged.code === 'VERSION') {
    lines.push('Install again, so that both packages have the same version.');
  }

  const installed = __dirname.split(path.sep).includes('node_modules');
  // `--no-install`, as npx else runs whatever a registry has under that name.
  const command = installed ? 'npx --no-install ws-rs-build' : 'npm run build';

  return [
    ...lines,
    'To build from source (needs Rust, https://rustup.rs, and a C compiler):',
    '',
    `  ${command}`,
    '',
    ...(packaged.code === MISSING ? fromRegistry(target) : [])
  ];
}

/** The second thing to try, as who packs a tarball has no such package. */
function fromRegistry(target) {
  return [
    `If ws-rs came from npm: that installs @ws-rs/${target} as well, unless`,
    'optional dependencies are left out (--omit=optional), or node_modules was',
    'copied from another platform.',
    ''
  ];
}
