'use strict';

/**
 * A release in a registry: npm and pnpm have to pick the one binary that fits.
 * All but this machine's are stand-ins.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { detectLibc, targetName } = require('../../lib/native/loader');
const { packRelease, releaseManifest } = require('../pack');
const { MAGIC, packPlatform } = require('../platform-packages');
const { ROOT } = require('../run');
const { TARGETS } = require('../targets');
const { npm, npmVersion, pnpm, run } = require('./managers');
const { startRegistry } = require('./registry');

const OWN = targetName(process.platform, process.arch, detectLibc());
/** One of each kind, and those that are easily taken for each other. */
const PICKED = TARGETS.filter(({ name }) =>
  [
    'darwin-arm64',
    'linux-arm-gnueabihf',
    'linux-arm-musleabihf',
    'linux-arm64-musl',
    'linux-x64-gnu',
    'linux-x64-musl',
    'win32-x64-msvc'
  ].includes(name)
);
const PROGRAM = `
  const WebSocket = require('ws');
  if (!('transport' in WebSocket.prototype)) throw new Error('not ours');
`;

module.exports = {
  async 'npm, from a registry: takes the binary of this platform'(folder) {
    await withRegistry(
      folder,
      ['--cache', path.join(folder, 'npm')],
      (flags) => {
        npm(folder, 'install', 'ws@npm:ws-rs', ...flags);
        assertPicked(folder, OWN);
        run(folder, PROGRAM);

        npm(folder, 'ci', ...flags);
        assertPicked(folder, OWN);
        run(folder, PROGRAM);
      }
    );
  },

  async 'npm, from a registry: takes the one binary that fits'(folder) {
    await withRegistry(
      folder,
      ['--cache', path.join(folder, 'npm')],
      (flags) => {
        npm(folder, 'install', 'ws@npm:ws-rs', ...flags);
        for (const { cpu, libc, name, os } of PICKED) {
          // By the lock file that another platform wrote, as on a CI machine.
          npm(
            folder,
            ...['ci', '--os', os, '--cpu', cpu],
            ...(libc ? ['--libc', libc] : []),
            ...flags
          );
          assertPicked(folder, name);
        }
      }
    );
  },

  async 'pnpm, from a registry: takes the binary of this platform'(folder) {
    await withRegistry(folder, pnpmFolders(folder), (flags) => {
      pnpm(folder, 'add', 'ws@npm:ws-rs', ...flags);
      assert.deepStrictEqual(installed(folder), [OWN]);
      run(folder, PROGRAM);
    });
  },

  async 'pnpm, from a registry: takes the one binary that fits'(folder) {
    await withRegistry(folder, pnpmFolders(folder), (flags) => {
      for (const { cpu, libc, name, os } of PICKED) {
        const project = path.join(folder, name);

        fs.mkdirSync(project);
        fs.writeFileSync(
          path.join(project, 'package.json'),
          '{"private":true}'
        );
        fs.writeFileSync(
          path.join(project, 'pnpm-workspace.yaml'),
          `supportedArchitectures:\n  os: [${os}]\n  cpu: [${cpu}]\n` +
            `  libc: [${libc ?? 'glibc'}]\n`
        );
        pnpm(project, 'add', 'ws@npm:ws-rs', ...flags);
        assert.deepStrictEqual(installed(project), [name]);
      }
    });
  }
};

function pnpmFolders(folder) {
  return ['store', 'cache', 'state'].map(
    (kind) => `--config.${kind}-dir=${path.join(folder, `pnpm-${kind}`)}`
  );
}

async function withRegistry(folder, flags, body) {
  const { stop, url } = await startRegistry(release(folder));

  try {
    body([...flags, `--registry=${url}`]);
  } finally {
    await stop();
  }
}

let packed;

/** Packs a release, once; gives the manifest and the path of each tarball. */
function release(folder) {
  packed ??= packAll(path.join(path.dirname(folder), 'release'));
  return packed;
}

function packAll(out) {
  const binaries = path.join(out, 'binaries');

  fs.mkdirSync(binaries, { recursive: true });

  const platforms = TARGETS.map((target) => {
    const name = `ws-rs.${target.name}.node`;
    const file = path.join(binaries, name);

    if (target.name === OWN) fs.copyFileSync(path.join(ROOT, name), file);
    else fs.writeFileSync(file, Buffer.from(MAGIC[target.os], 'hex'));

    return {
      manifest: require(`../../npm/${target.name}/package.json`),
      path: packPlatform(target, binaries, out).path
    };
  });

  return [
    ...platforms,
    { manifest: releaseManifest(), path: packRelease(out).path }
  ];
}

/**
 * npm 10 leaves the C library out of lock files: what fits but for that is there
 * as well. The loader knows which one to take.
 */
function assertPicked(folder, name) {
  const { cpu, os } = TARGETS.find((target) => target.name === name);
  const fitting = TARGETS.filter(
    (target) => target.cpu === cpu && target.os === os
  ).map((target) => target.name);
  const found = installed(folder);

  assert.ok(found.includes(name), `${name} is not there`);
  if (npmVersion() >= 11) assert.deepStrictEqual(found, [name]);
  else for (const other of found) assert.ok(fitting.includes(other), other);
}

/** The platform packages that are there; pnpm has them in a folder of its own. */
function installed(folder) {
  const found = fs
    .readdirSync(path.join(folder, 'node_modules'), { recursive: true })
    .map(
      (name) => /@ws-rs[\\/]([\w-]+)[\\/]ws-rs\.[\w-]+\.node$/.exec(name)?.[1]
    )
    .filter(Boolean);

  return [...new Set(found)];
}
