'use strict';

const {
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync
} = require('node:fs');
const path = require('node:path');

const { plot } = require('./plot');
const { circumstances, tables } = require('./tables');

const start = '<!-- bench:start (written by npm run bench) -->';
const end = '<!-- bench:end -->';

/**
 * Writes bench.json and bench.svg, and the tables into performance.md if that is
 * there.
 *
 * @param {Object} run A summary
 * @param {string} folder
 * @return {string[]} The files written
 * @throws {Error} If performance.md has lost its markers
 */
function publish(run, folder) {
  const files = {
    'bench.json': `${JSON.stringify(run, rounded, 2)}\n`,
    'bench.svg': plot(run)
  };
  const page = path.join(folder, 'performance.md');

  if (existsSync(page)) {
    files['performance.md'] = insert(readFileSync(page, 'utf8'), markdown(run));
  }
  mkdirSync(folder, { recursive: true });
  return Object.entries(files).map(([name, text]) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return path.relative(process.cwd(), file);
  });
}

/**
 * @param {string} page A text with both markers
 * @param {string} text
 * @return {string} The page with `text` between its markers
 * @throws {Error} If a marker is missing
 */
function insert(page, text) {
  const from = page.indexOf(start);
  const to = page.indexOf(end, from);

  if (from === -1 || to === -1) {
    throw new Error(
      `performance.md needs the lines "${start}" and "${end}"; the tables go ` +
        'between them'
    );
  }
  return `${page.slice(0, from + start.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/**
 * @param {Object} run A summary
 * @return {string} The tables and the circumstances in Markdown, as Prettier
 *   would have them
 */
function markdown(run) {
  const parts = tables(run).map(({ title, columns, rows }) => {
    const lines = [columns, ...rows];
    const widths = columns.map((_, column) =>
      Math.max(3, ...lines.map((cells) => cells[column].length))
    );
    const rule = widths.map((width, column) =>
      column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`
    );
    const [head, ...body] = lines.map((cells) =>
      cells.map((cell, column) =>
        column === 0
          ? cell.padEnd(widths[column])
          : cell.padStart(widths[column])
      )
    );
    const table = [head, rule, ...body].map((c) => `| ${c.join(' | ')} |`);

    return `**${title}**\n\n${table.join('\n')}`;
  });

  return [...parts, circumstances(run).join('\n')].join('\n\n');
}

/** Four significant digits say all that was measured. */
function rounded(key, value) {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(4))
    : value;
}

module.exports = { insert, markdown, publish };
