'use strict';

/**
 * Reads what `node --test` wrote with its reporter `spec`.
 *
 * @param {String} text The output, of one run or of several
 * @return {Object} `tests`, `passed`, `failed` and `skipped`, the sums of all
 *     runs; `failures`, the titles of what failed, and `skips`, each with its
 *     reason, without those that come twice
 */
function summarize(text) {
  const lines = text.split(/\r?\n/);
  const sum = (name) =>
    lines.reduce((total, line) => {
      const [, number] = new RegExp(`^ℹ ${name} (\\d+)$`).exec(line) ?? [];
      return total + Number(number ?? 0);
    }, 0);

  return {
    tests: sum('tests'),
    passed: sum('pass'),
    failed: sum('fail') + sum('cancelled'),
    skipped: sum('skipped'),
    failures: unique(afterHeading(lines).map(failure)),
    skips: unique(lines.map(skip))
  };
}

module.exports = { summarize };

// At its end each run lists its failures once more, without their suites.
function afterHeading(lines) {
  let listing = false;

  return lines.filter((line) => {
    if (line.startsWith('✖ failing tests:')) {
      listing = true;
      return false;
    }
    // The next run begins.
    if (/^(test-node:|[▶✔﹣ℹ]) /u.test(line)) listing = false;
    return listing;
  });
}

function failure(line) {
  return /^✖ (.*?)(?: \([\d.]+ms\))?$/.exec(line)?.[1];
}

function skip(line) {
  const [, title, reason] =
    /^\s*﹣ (.*?)(?: \([\d.]+ms\))? # (.*)$/.exec(line) ?? [];

  return title && `${title}: ${reason === 'SKIP' ? 'no reason' : reason}`;
}

function unique(values) {
  return [...new Set(values.filter(Boolean))];
}
