'use strict';

/**
 * The configurations of docs/bundling.md, as they stand there, on a project
 * that has the packed package. Each bundle is moved to a folder where nothing
 * else is, and has to say there what the program says that is not bundled.
 */

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { stripVTControlCharacters } = require('node:util');

const PROGRAM = require('../support/bundled-program');
const { ROOT } = require('../support/programs');
const { BINARY, makeProject } = require('../support/project');
const { absent, executable } = require('../support/tools');

const NAMES = '{ WebSocket, WebSocketServer }';

/** webpack without its command line, which is a package of its own. */
const RUN_WEBPACK = `
  require('webpack')(require('./webpack.config.js'), (err, stats) => {
    console.log(String(err ?? stats));
    process.exitCode = Number(Boolean(err) || stats.hasErrors());
  });
`;
const NCC = ['node_modules/@vercel/ncc/dist/ncc/cli.js'];
const ROLLUP = ['node_modules/rollup/dist/bin/rollup', '-c'];
const VITE = ['node_modules/vite/bin/vite.js', 'build'];

/**
 * `run` is the command on the configuration in the docs, and `breaks` takes
 * away what it says of binaries, which has to lead to an error like `error`.
 */
const BUNDLERS = [
  {
    config: 'build.mjs',
    run: ['build.mjs'],
    breaks: (text) => text.replace(/loader: .*/, ''),
    error: /No loader is configured for "\.node" files/
  },
  {
    config: 'build-esm.mjs',
    run: ['build-esm.mjs'],
    breaks: (text) => text.replace(/loader: .*/, ''),
    error: /No loader is configured for "\.node" files/
  },
  {
    config: 'webpack.config.js',
    run: ['-e', RUN_WEBPACK],
    breaks: (text) => text.replace(/rules: .*/, ''),
    error: /You may need an appropriate loader to handle this file type/
  },
  {
    config: 'rollup.config.mjs',
    run: [...ROLLUP, 'rollup.config.mjs'],
    breaks: (text) => text.replace('[addons, ', '['),
    error: /you need plugins to import files that are not JavaScript/
  },
  {
    config: 'vite.config.mjs',
    run: VITE,
    breaks: (text) => text.replace('[addons]', '[]'),
    error: /UNLOADABLE_DEPENDENCY.* Could not load .*ws-rs\..*\.node/
  }
];
const TOOLS = [
  ...['@rollup/plugin-commonjs', '@rollup/plugin-node-resolve', '@vercel/ncc'],
  ...['esbuild', 'rollup', 'vite', 'webpack']
];
const docs = fs.readFileSync(path.join(ROOT, 'docs', 'bundling.md'), 'utf8');

for (const platformPackage of [false, true]) {
  const where = platformPackage ? 'the platform package' : "ws-rs's own folder";

  describe(
    `With the binary in ${where},`,
    { skip: absent(...TOOLS, 'bun') },
    () => {
      let folder;
      let expected;

      before(() => {
        folder = makeProject({ platformPackage, tools: TOOLS });
        write('server.js', `const ${NAMES} = require('ws-rs');${PROGRAM}`);
        write('server.mjs', `import ${NAMES} from 'ws-rs';${PROGRAM}`);
        expected = node(folder, ['server.js']).stdout;
        assert.match(expected, /^5000 false permessage-deflate/);
      });
      after(() => fs.rmSync(folder, { force: true, recursive: true }));

      for (const { config, run, breaks, error } of BUNDLERS) {
        it(`${config} of the docs takes it along`, () => {
          write(config, block(config));

          const { status, stderr, stdout } = node(folder, run);

          assert.strictEqual(status, 0, stdout + stderr);
          // webpack misses the folder @ws-rs.
          if (platformPackage) {
            assert.doesNotMatch(stdout + stderr, /warning/i);
          }
          assert.strictEqual(runAlone(), expected);
        });

        it(`${config} without what it says of binaries ends in an error`, () => {
          const text = breaks(block(config));

          assert.notStrictEqual(text, block(config));
          write(config, text);

          const { status, stderr, stdout } = node(folder, run);

          assert.notStrictEqual(status, 0);
          assert.match(stderr + stdout, error);
        });
      }

      it('ncc takes it along', () => {
        assert.match(docs, /^ncc build server\.js -o dist$/m);
        succeeds(node(folder, [...NCC, 'build', 'server.js', '-o', 'dist']));
        assert.strictEqual(runAlone(), expected);
      });

      it('Rollup makes a CommonJS bundle, too', () => {
        const text = block('rollup.config.mjs')
          .replace("format: 'es'", "format: 'cjs'")
          .replace('[name].mjs', '[name].cjs');

        write('rollup.config.mjs', text);
        succeeds(node(folder, [...ROLLUP, 'rollup.config.mjs']));
        assert.strictEqual(runAlone(), expected);
      });

      it('Bun takes it along, for itself and for Node', () => {
        const bun = executable('bun');
        const args = ['build', 'server.js', '--outdir=dist'];

        assert.match(
          docs,
          /^bun build server\.js --target=bun --outdir=dist$/m
        );
        succeeds(spawn(folder, bun, [...args, '--target=bun']));
        assert.strictEqual(runAlone(bun), expected.replace('loop', 'stream'));
        succeeds(spawn(folder, bun, [...args, '--target=node']));
        assert.strictEqual(runAlone(), expected);
      });

      it('Bun puts it into an executable', () => {
        const args = ['server.js', '--compile', '--outfile=dist/server'];

        succeeds(spawn(folder, executable('bun'), ['build', ...args]));

        const alone = moveAway();
        const [file] = fs.readdirSync(alone);
        const { stderr, stdout } = spawn(alone, path.join(alone, file), []);

        assert.strictEqual(stdout, expected.replace('loop', 'stream'), stderr);
        fs.rmSync(alone, { recursive: true });
      });

      it('Vite leaves the package out by itself', () => {
        write('vite.config.mjs', 'export default {};');
        succeeds(node(folder, [...VITE, '--ssr', 'server.mjs']));
        assert.match(
          fs.readFileSync(path.join(folder, 'dist', 'server.mjs'), 'utf8'),
          /from ?"ws-rs"/
        );
        assert.strictEqual(node(folder, ['dist/server.mjs']).stdout, expected);
      });

      it('a bundle that has none says so, until it is beside the bundle', () => {
        write(
          'build.mjs',
          block('build.mjs').replace(/loader: .*/, "external: ['*.node']")
        );
        succeeds(node(folder, ['build.mjs']));

        const alone = moveAway();
        const { stderr } = node(alone, ['server.js']);

        assert.match(stderr, /code: 'WS_RS_NO_BINARY'/);
        assert.match(stderr, /- the bundle: has no binary\n/);
        assert.ok(stderr.includes(`copy ${BINARY} into ${alone}`), stderr);
        fs.copyFileSync(path.join(ROOT, BINARY), path.join(alone, BINARY));
        assert.strictEqual(node(alone, ['server.js']).stdout, expected);
        fs.rmSync(alone, { recursive: true });
      });

      it('a bundle without a folder is told by WS_RS_NATIVE_PATH', () => {
        write(
          'build-esm.mjs',
          block('build-esm.mjs').replace(/loader: .*/, "external: ['*.node'],")
        );
        succeeds(node(folder, ['build-esm.mjs']));

        const alone = moveAway();
        const { stderr } = node(alone, ['server.mjs']);

        assert.match(stderr, /code: 'WS_RS_NO_BINARY'/);
        assert.doesNotMatch(stderr, /copy /);

        const env = { WS_RS_NATIVE_PATH: path.join(ROOT, BINARY) };

        assert.strictEqual(node(alone, ['server.mjs'], env).stdout, expected);
        fs.rmSync(alone, { recursive: true });
      });

      function write(name, text) {
        fs.rmSync(path.join(folder, 'dist'), { force: true, recursive: true });
        fs.writeFileSync(path.join(folder, name), text);
      }

      /** Moves the bundle to where nothing else is. */
      function moveAway() {
        const alone = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-bundle-'));

        fs.cpSync(path.join(folder, 'dist'), alone, { recursive: true });
        fs.rmSync(path.join(folder, 'dist'), { recursive: true });
        return alone;
      }

      /** What the bundle prints where nothing else is. */
      function runAlone(command = process.execPath) {
        const alone = moveAway();
        const file = fs
          .readdirSync(alone)
          .find((name) => /^(server|index)\.[cm]?js$/.test(name));
        const { stderr, stdout } = spawn(alone, command, [file]);

        fs.rmSync(alone, { recursive: true });
        assert.strictEqual(stderr, '');
        return stdout;
      }
    }
  );
}

/** The configuration in the docs that is said to be this file. */
function block(name) {
  const [, text] = docs.split(`\`${name}\`:\n\n\`\`\`js\n`);

  assert.ok(text, `docs/bundling.md has no ${name}`);
  return text.split('```')[0];
}

function succeeds({ status, stderr, stdout }) {
  assert.strictEqual(status, 0, stdout + stderr);
}

function node(cwd, args, env) {
  return spawn(cwd, process.execPath, args, env);
}

function spawn(cwd, command, args, env = {}) {
  const { NODE_OPTIONS, WS_RS_NATIVE_PATH, ...inherited } = process.env;

  const { status, stderr, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...inherited, ...env }
  });

  return {
    status,
    stderr: stripVTControlCharacters(stderr),
    stdout: stripVTControlCharacters(stdout)
  };
}
