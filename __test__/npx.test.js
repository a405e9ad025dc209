'use strict';

/**
 * The commands of the package are run by npx. Where the package is not
 * installed, npx takes a command's name for that of a package, and runs what a
 * registry has under it: whatever somebody has put there.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { text } = require('node:stream/consumers');
const { after, before, describe, it } = require('node:test');

const { bin } = require('../package.json');

const ROOT = path.resolve(__dirname, '..');
const COMMANDS = Object.keys(bin);
const READ_BY_USERS = [
  '.ci',
  '.github',
  'bench',
  'docs',
  'examples',
  'lib',
  'scripts',
  'types'
];
/** What runs a command, its flags, and a command of ours. */
const RUN = new RegExp(
  String.raw`\b(?:npx|npm exec|npm x|pnpx|bunx|dlx)((?:\s+-\S+)*)\s+` +
    `(?:${COMMANDS.join('|')})`,
  'g'
);

describe('A command that users are told to run', () => {
  it('is never fetched from a registry', () => {
    const seen = texts().flatMap(({ file, content }) =>
      Array.from(content.matchAll(RUN), ([line, flags]) => ({
        file,
        flags: flags.trim(),
        line
      }))
    );

    assert.ok(seen.length > 5, 'nothing was found');
    assert.deepStrictEqual(
      seen.filter(({ flags }) => flags !== '--no-install'),
      []
    );
  });

  describe('where the package is not installed', () => {
    const asked = [];
    let folder, registry;

    before(async () => {
      folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-npx-'));
      fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');
      fs.writeFileSync(path.join(folder, 'npmrc'), '');
      registry = http.createServer((request, response) => {
        asked.push(request.url);
        response.end(foreignPackage(request, registry.address().port));
      });
      registry.listen(0, '127.0.0.1');
      await once(registry, 'listening');
    });
    after(() => {
      registry.close();
      fs.rmSync(folder, { recursive: true });
    });

    for (const command of COMMANDS) {
      it(`${command} is refused, and no package of its name fetched`, async () => {
        const { code, stderr } = await npx(['--no-install', command]);

        assert.notStrictEqual(code, 0);
        assert.match(stderr, /canceled due to missing packages/);
        assert.deepStrictEqual(asked.filter(isTarball), []);
      });

      it(`${command} would be fetched without that flag`, async () => {
        const { stderr } = await npx([command]);

        assert.match(stderr, new RegExp(`will be installed: ${command}@1.0.0`));
        asked.length = 0;
      });
    }

    async function npx(args) {
      const child = spawn('npx', args, {
        cwd: folder,
        env: {
          ...withoutSettings(process.env),
          npm_config_audit: 'false',
          npm_config_cache: path.join(folder, 'cache'),
          npm_config_registry: `http://127.0.0.1:${registry.address().port}/`,
          npm_config_globalconfig: path.join(folder, 'global-npmrc'),
          npm_config_update_notifier: 'false',
          npm_config_userconfig: path.join(folder, 'npmrc')
        },
        shell: process.platform === 'win32',
        stdio: ['ignore', 'ignore', 'pipe']
      });
      const [stderr, [code]] = await Promise.all([
        text(child.stderr),
        once(child, 'close')
      ]);

      return { code, stderr };
    }
  });
});

/** A machine's own may say no to every such question. */
function withoutSettings(env) {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_config_/i.test(name))
  );
}

/** A registry's answer about a package; its tarball is none. */
function foreignPackage({ url }, port) {
  const name = url.slice(1);

  return JSON.stringify({
    name,
    'dist-tags': { latest: '1.0.0' },
    versions: {
      '1.0.0': {
        name,
        version: '1.0.0',
        bin: { [name]: 'index.js' },
        dist: { tarball: `http://127.0.0.1:${port}/${name}.tgz` }
      }
    }
  });
}

function isTarball(url) {
  return url.endsWith('.tgz');
}

function texts() {
  const pages = fs.readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  const inFolders = READ_BY_USERS.flatMap((name) => filesIn(name));

  return [...pages, ...inFolders].map((file) => ({
    file,
    content: fs.readFileSync(path.join(ROOT, file), 'utf8')
  }));
}

function filesIn(folder) {
  if (!fs.existsSync(path.join(ROOT, folder))) return [];

  return fs
    .readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter(({ name }) => !['node_modules', 'target'].includes(name))
    .flatMap((entry) => {
      const file = path.join(folder, entry.name);

      if (entry.isDirectory()) return filesIn(file);
      return entry.isFile() && !entry.name.endsWith('.node') ? [file] : [];
    });
}
