'use strict';

/**
 * Installs ws-rs as users do: beside packages that use ws, as the README says
 * (installs/packages.js), and from a registry (installs/platforms.js). Needs the
 * network for the packages, which come from npm's.
 *
 *   npm run test:installs [-- parts of titles]
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { version } = require('../package.json');
const { installPnpm, npm } = require('./installs/managers');
const packages = require('./installs/packages');
const platforms = require('./installs/platforms');
const { ROOT } = require('./run');

/** Each gets an empty project with the tarball in vendor/. */
const CASES = { ...packages, ...platforms };

main(process.argv.slice(2));

async function main(parts) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-installs-'));
  const titles = Object.keys(CASES).filter(
    (title) => parts.length === 0 || parts.some((part) => title.includes(part))
  );
  let failed = 0;

  try {
    installPnpm();
    npm(ROOT, 'pack', '--pack-destination', scratch);

    for (const [index, title] of titles.entries()) {
      const folder = path.join(scratch, String(index));

      fs.mkdirSync(path.join(folder, 'vendor'), { recursive: true });
      fs.copyFileSync(
        path.join(scratch, `ws-rs-${version}.tgz`),
        path.join(folder, 'vendor', `ws-rs-${version}.tgz`)
      );
      fs.writeFileSync(path.join(folder, 'package.json'), '{"private":true}');

      try {
        await CASES[title](folder);
        console.log(`ok      ${title}`);
      } catch (err) {
        failed++;
        console.log(`FAILED  ${title}\n${err.message}`);
      }
    }
  } finally {
    fs.rmSync(scratch, { force: true, recursive: true });
  }

  console.log(`${titles.length - failed} passed, ${failed} failed`);
  if (failed > 0 || titles.length === 0) process.exitCode = 1;
}
