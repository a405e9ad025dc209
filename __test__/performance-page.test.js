'use strict';

/**
 * The summary of docs/performance.md is written by hand, from tables that
 * `npm run bench` writes: it has to say what they say.
 */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const PAGE = fs.readFileSync(
  path.join(__dirname, '../docs/performance.md'),
  'utf8'
);

test('the summary of performance.md has the figures of its tables', () => {
  const [summary] = tablesOf(section('In short'));
  const published = tablesOf(blocks());

  assert.ok(summary.rows.length > 5);
  for (const [title, ...cells] of summary.rows) {
    const table = published.find(({ rows }) =>
      rows.some(([name]) => name === title)
    );
    assert.ok(table, `no table has a row "${title}"`);

    const row = table.rows.find(([name]) => name === title);
    const figure = (column) => row[table.columns.indexOf(column)] ?? '';

    assert.deepStrictEqual(
      cells,
      // Behind it, in brackets, is the part of the JS thread.
      summary.columns.slice(1).map((name) => figure(name).split(' ')[0]),
      title
    );
  }
});

function section(heading) {
  const from = PAGE.indexOf(`\n## ${heading}\n`);

  return PAGE.slice(from, PAGE.indexOf('\n## ', from + 1));
}

function blocks() {
  return Array.from(
    PAGE.matchAll(/<!-- (\w+):start[^]*?<!-- \1:end -->/g),
    ([block]) => block
  ).join('\n');
}

/** Of several rows of one title the first counts: that of the CPU time. */
function tablesOf(text) {
  return Array.from(text.matchAll(/(?:^\|.*\n)+/gm), ([table]) => {
    const [columns, , ...rows] = table
      .trim()
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      );

    return { columns, rows };
  });
}
