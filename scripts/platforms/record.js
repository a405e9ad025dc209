'use strict';

/**
 * Which test files have passed in this very checkout with this very binary, so
 * that a run of hours can be stopped and goes on where it was.
 */

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

/**
 * @param {String} folder Where files lie
 * @param {String[]} files Their paths in it
 * @return {String} A name for what is in them
 */
function fingerprint(folder, files) {
  const hash = createHash('sha256');

  for (const file of files) {
    const bytes = fs.readFileSync(path.join(folder, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** What passed, kept in a file. */
class Record {
  #file;
  #passed;
  #version;

  /**
   * @param {String} file Where it is kept
   * @param {String} version What is tested; a record of something else is void
   */
  constructor(file, version) {
    const kept = read(file);

    this.#file = file;
    this.#version = version;
    this.#passed = kept?.version === version ? kept.passed : {};
  }

  /**
   * @param {String} name A test file
   * @return {String|undefined} What it wrote, if it has passed
   */
  outputOf(name) {
    return Object.hasOwn(this.#passed, name) ? this.#passed[name] : undefined;
  }

  /**
   * @param {String} name A test file that has passed
   * @param {String} output What it wrote
   */
  add(name, output) {
    this.#passed[name] = output;
    // Whole or not at all: the run may be ended at any time.
    fs.writeFileSync(
      `${this.#file}.new`,
      JSON.stringify({ version: this.#version, passed: this.#passed })
    );
    fs.renameSync(`${this.#file}.new`, this.#file);
  }
}

module.exports = { fingerprint, Record };

function read(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return undefined; // There is none, or it is of no use.
  }
}
