'use strict';

const {
  existsSync,
  mkdirSync,
  readFileSync,
  writeFileSync
} = require('node:fs');
const path = require('node:path');

const { linePlot } = require('./line-plot');
const { plot } = require('./plot');
const { circumstances, deflateTables, tables } = require('./tables');

/**
 * What a run writes: its file of rounds, whether it has a plot, and the markers
 * of its place in performance.md.
 */
const plain = {
  json: 'bench.json',
  plot: 'bench.svg',
  select: tables,
  start: '<!-- bench:start (written by npm run bench) -->',
  end: '<!-- bench:end -->'
};
const deflate = {
  json: 'bench-deflate.json',
  plot: null,
  select: deflateTables,
  start: '<!-- deflate:start -->',
  end: '<!-- deflate:end -->'
};

const fanOut = {
  json: 'bench-fanout.json',
  plot: 'bench-fanout.svg',
  select: tables,
  start: '<!-- fanout:start -->',
  end: '<!-- fanout:end -->'
};

const memory = {
  json: 'bench-memory.json',
  plot: 'bench-memory.svg',
  draw: linePlot,
  select: tables,
  start: '<!-- memory:start -->',
  end: '<!-- memory:end -->'
};

const paced = {
  json: 'bench-paced.json',
  plot: null,
  select: tables,
  start: '<!-- paced:start -->',
  end: '<!-- paced:end -->'
};

const baseline = { json: 'bench-baseline.json', plot: null, select: null };

/**
 * Writes bench.json and bench.svg, and the tables into performance.md if that is
 * there. A run of deflate workloads alone has a file and a place of its own, a
 * comparison with a baseline only a file.
 *
 * @param {Object} run A summary
 * @param {string} folder
 * @return {string[]} The files written
 * @throws {Error} If performance.md has lost its markers
 */
function publish(run, folder) {
  const place = placeOf(run);
  const files = { [place.json]: `${JSON.stringify(run, rounded, 2)}\n` };
  const page = path.join(folder, 'performance.md');

  if (place.plot) files[place.plot] = (place.draw ?? plot)(run);
  if (place.select && existsSync(page)) {
    files['performance.md'] = insert(
      readFileSync(page, 'utf8'),
      markdown(run),
      place
    );
  }
  mkdirSync(folder, { recursive: true });
  return Object.entries(files).map(([name, text]) => {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return path.relative(process.cwd(), file);
  });
}

function placeOf(run) {
  if (run.ratios) return baseline;
  if (run.workloads.every(({ kind }) => kind === 'fanout')) return fanOut;
  if (run.workloads.every(({ kind }) => kind === 'growth')) return memory;
  if (run.workloads.every(({ kind }) => kind === 'paced')) return paced;
  return run.workloads.every((workload) => workload.deflate) ? deflate : plain;
}

/**
 * @param {string} page A text with both markers
 * @param {string} text
 * @param {{ start: string, end: string }} [markers] Those of the plain
 *   workloads if left out
 * @return {string} The page with `text` between its markers
 * @throws {Error} If a marker is missing
 */
function insert(page, text, { start, end } = plain) {
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
  const { select } = placeOf(run);
  const parts = select(run).map(({ title, columns, rows }) => {
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
