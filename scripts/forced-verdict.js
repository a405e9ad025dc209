'use strict';

/**
 * What a run says in which some tests are expected to fail.
 *
 * @param {Object} run
 * @param {Boolean} run.failed Whether the runner said so
 * @param {String[]} run.files What was run
 * @param {{file: String, test: String, reason: String}[]} run.listed Tests that
 *     may fail. Of other files than those that were run they do not matter
 * @param {{file: String, title: String, passed: Boolean, skipped:
 *     Boolean}[]} run.results
 * @return {{ok: Boolean, lines: String[]}} Not ok if another test failed, or one
 *     that is listed was not there
 */
function verdict({ failed, files, listed, results }) {
  const failures = results.filter(({ passed }) => !passed);
  const known = (result) => listed.find((entry) => isOf(entry, result));
  const others = failures.filter((result) => !known(result));
  const here = listed.filter(({ file }) => files.includes(file));
  const gone = here.filter(
    (entry) => !results.some((result) => isOf(entry, result))
  );
  const skipped = results.filter((result) => result.skipped).length;
  const lines = [
    `${results.length} tests: ${results.length - failures.length - skipped} passed, ` +
      `${skipped} skipped, ${failures.length} failed`
  ];

  for (const entry of here) {
    const own = results.filter((result) => isOf(entry, result));

    if (own.length === 0) continue;
    lines.push(
      `${own.every(({ passed }) => passed) ? 'passed this time' : 'failed by design'}: ` +
        `${entry.file}: ${entry.test} (${entry.reason})`
    );
  }
  for (const { file, test } of gone) {
    lines.push(`LISTED, BUT NOT THERE: ${file}: ${test}`);
  }
  for (const { file, title } of others) lines.push(`FAILED: ${file}: ${title}`);

  const unsaid = failed && failures.length === 0;

  if (unsaid) lines.push('FAILED: something that no test says');
  if (results.length === 0) lines.push('FAILED: no tests were run');

  return {
    lines,
    ok:
      others.length === 0 && gone.length === 0 && !unsaid && results.length > 0
  };
}

function isOf({ file, test }, result) {
  return result.file === file && result.title === test;
}

module.exports = { verdict };
