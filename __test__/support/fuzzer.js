'use strict';

/** The fuzzers of scripts/differential, as their tests use them. */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const FOLDER = path.join(__dirname, '../../scripts/differential');
const WS = path.dirname(require.resolve('ws/package.json'));

/**
 * @param {...String} names The folder of a fuzzer, if it is not the first one
 * @return {{fuzz: Function, load: Function}} `fuzz(...args)` runs it, and returns its
 *     exit `status` and what it says as `report`; `load(...names)` imports a module
 */
function fuzzerIn(...names) {
  const folder = path.join(FOLDER, ...names);

  return {
    fuzz(...args) {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [path.join(folder, 'index.mjs'), '--no-shrink', ...args],
        { encoding: 'utf8' }
      );

      return { report: stdout + stderr, status };
    },

    // Windows takes no path for an address.
    load: (...parts) => import(pathToFileURL(path.join(folder, ...parts)).href)
  };
}

/**
 * Makes a package that is ws with a fault, and gone at the end of the test.
 *
 * @param {Object} t The test
 * @param {String} fault What is done to `ws`, in JavaScript
 * @return {String} Its folder
 */
function faultyWs(t, fault) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ws-rs-faulty-'));

  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(
    path.join(folder, 'index.js'),
    `const ws = module.exports = require(${JSON.stringify(WS)});\n${fault}`
  );
  return folder;
}

module.exports = { faultyWs, fuzzerIn };
