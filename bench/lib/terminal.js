'use strict';

const { serverKind } = require('./servers');
const { circumstances, ratioTables, tables } = require('./tables');

/**
 * @param {Object} run A summary
 * @return {string} The tables, columns aligned
 */
function terminalReport(run) {
  const shown = run.ratios ? ratioTables(run) : [];
  const hasPeers = run.servers.some(({ name }) => serverKind(name).package);

  if (!run.ratios || hasPeers) shown.push(...tables(run));
  return [...shown.map(render), circumstances(run).join('\n')].join('\n\n');
}

function render({ title, columns, rows }) {
  const lines = [columns, ...rows];
  const widths = columns.map((_, column) =>
    Math.max(...lines.map((cells) => cells[column].length))
  );
  const aligned = lines.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])
      )
      .join('   ')
  );
  return [title, ...aligned].join('\n');
}

module.exports = { terminalReport };
