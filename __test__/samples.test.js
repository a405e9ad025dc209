'use strict';

/** What the pages show as programs are programs: each runs as it stands. */

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { promisify } = require('node:util');

const { selfSigned } = require('../examples/self-signed');

const ROOT = path.resolve(__dirname, '..');
const RUN = path.join(__dirname, 'support/run-samples.js');
const PAGES = [
  'README.md',
  'docs/api.md',
  'docs/runtimes.md',
  'docs/scaling.md'
];
/** Where `npm run test:scaling` has installed clients of brokers. */
const CLIENTS = path.join(ROOT, '.cache/scaling/node_modules');
const OF_BROKERS = ['redis', '@nats-io/transport-node'];

describe('The samples', { concurrency: true }, () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-samples-'));

  before(() => {
    const { cert, key } = selfSigned();

    fs.writeFileSync(path.join(folder, 'cert.pem'), cert);
    fs.writeFileSync(path.join(folder, 'key.pem'), key);
    link(folder, 'ws', ROOT);
    link(folder, 'ws-rs', ROOT);
    link(folder, 'express', path.join(ROOT, 'node_modules/express'));
    for (const name of OF_BROKERS) link(folder, name, path.join(CLIENTS, name));
  });
  after(() => fs.rmSync(folder, { force: true, recursive: true }));

  for (const page of PAGES) {
    it(`of ${page} run`, async () => {
      const files = samplesOf(page).map(({ line, text }) => {
        const kind = /^import /m.test(text) ? 'mjs' : 'js';
        const name = `${path.basename(page, '.md')}-${line}.${kind}`;

        fs.writeFileSync(path.join(folder, name), text);
        return name;
      });
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [RUN, ...files],
        { cwd: folder }
      );

      for (const file of files) assert.ok(stdout.includes(`${file} runs`));
    });
  }
});

function link(folder, name, target) {
  const place = path.join(folder, 'node_modules', name);

  fs.mkdirSync(path.dirname(place), { recursive: true });
  fs.symlinkSync(target, place, 'junction');
}

/** Those that need a package which is not installed are left out. */
function samplesOf(page) {
  const lines = fs.readFileSync(path.join(ROOT, page), 'utf8').split('\n');
  const samples = [];
  let sample = null;

  lines.forEach((text, i) => {
    if (text === '```js') sample = { line: i + 2, text: '' };
    else if (text === '```' && sample) {
      samples.push(sample);
      sample = null;
    } else if (sample) sample.text += `${text}\n`;
  });

  return samples.filter(({ text }) =>
    OF_BROKERS.every(
      (name) =>
        !text.includes(`require('${name}')`) ||
        fs.existsSync(path.join(CLIENTS, name))
    )
  );
}
