'use strict';

const { costs } = require('./costs');
const { medianOf } = require('./summary');

const PER_MESSAGE = 'Server CPU per message, µs: all threads (JS thread)';
const PER_DELIVERY =
  'Server CPU per message and receiver, µs: all threads (JS thread)';
const PER_CONNECTION = 'Per connection: all threads (JS thread)';

/**
 * @typedef {Object} Table
 * @property {string} title With units
 * @property {string[]} columns The first names the rows
 * @property {string[][]} rows
 */

/**
 * @param {Object} run A summary
 * @return {Table[]} What there is to show, empty tables left out
 */
function tables(run) {
  const echo = run.workloads.filter(({ kind }) => kind === 'echo');
  const paced = run.workloads.filter(({ kind }) => kind === 'paced');
  const toAll = run.workloads.filter(({ kind }) => kind === 'fanout');
  const others = run.workloads.filter(
    ({ kind }) => !['echo', 'fanout', 'paced'].includes(kind)
  );
  const table = (title, rows, cell) => ({
    title,
    columns: ['', ...run.servers.map((server) => server.title)],
    rows: rows.map((row) => [
      row.title,
      ...run.servers.map(({ name }) => {
        const values = medianOf(run, row.workload ?? row.name, name);
        return values ? cell(values, row) : 'failed';
      })
    ])
  });

  return [
    table(PER_MESSAGE, costs([...echo, ...paced]), cost),
    table(PER_DELIVERY, costs(toAll), cost),
    table(
      'Round trip, µs: median / 99th percentile',
      echo,
      ({ p50, p99 }) => `${figure(p50)} / ${figure(p99)}`
    ),
    table(
      'Round trip, µs: median / 99th / 99.9th percentile',
      paced,
      ({ p50, p99, p999 }) => [p50, p99, p999].map(figure).join(' / ')
    ),
    table('Messages per second', echo, ({ perSecond }) => figure(perSecond)),
    table(
      PER_CONNECTION,
      costs(others).map((row) => ({
        ...row,
        title: `${row.title}: ${row.unit}`
      })),
      cost
    ),
    table(
      'Load generator CPU per message, µs: with the kernel (its own code)',
      echo,
      ({ cpuGenerator, cpuGeneratorUser }) =>
        `${figure(cpuGenerator)} (${figure(cpuGeneratorUser)})`
    )
  ].filter(({ rows }) => rows.length > 0);
}

/**
 * @param {Object} run A summary of a run with a baseline
 * @return {Table[]} One per transport of ws-rs
 */
function ratioTables({ ratios, servers }) {
  const titleOf = (name) => servers.find((s) => s.name === name).title;
  const fixed = (ratio) => ratio.toFixed(3);
  const names = [...new Set(ratios.map(({ server }) => server))];

  return names.map((name) => {
    const own = ratios.filter(({ server }) => server === name);
    const columns = [own[0].baseline, name].map(titleOf);

    return {
      title: `${columns[1]} against ${columns[0]}`,
      columns: ['', ...columns, 'ratio', '95 % sure', 'all rounds'],
      rows: own.map(({ title, unit, error, ...row }) => [
        `${title}: ${unit}`,
        ...(error
          ? ['failed', 'failed', '', '', '']
          : [
              figure(row.medians.baseline),
              figure(row.medians.server),
              fixed(row.ratio),
              row.interval?.map(fixed).join(' to ') ?? '',
              [Math.min(...row.rounds), Math.max(...row.rounds)]
                .map(fixed)
                .join(' to ')
            ])
      ])
    };
  });
}

/**
 * @param {Object} run A summary of deflate workloads
 * @return {Table[]} What docs/performance.md shows of them
 */
function deflateTables(run) {
  const titles = {
    [PER_MESSAGE]: PER_MESSAGE,
    [PER_CONNECTION]: 'Memory per connection, and growth of the process'
  };

  return tables(run)
    .filter(({ title }) => title in titles)
    .map((table) => ({ ...table, title: titles[table.title] }));
}

function cost(values, { of, unit }) {
  const { all, main } = of(values);
  return unit === 'CPU µs' ? `${figure(all)} (${figure(main)})` : figure(all);
}

/**
 * @param {Object} run A summary
 * @return {string[]} Sentences: on what and how it was measured
 */
function circumstances({
  date,
  rounds,
  conditions,
  servers,
  notes,
  workloads
}) {
  const { machine } = conditions;
  const isPaced = workloads.every(({ kind }) => kind === 'paced');
  const generatorCore =
    conditions.generatorCore ?? (isPaced ? conditions.otherCore : null);
  const peers = servers.map(({ title, version }) => `${title} ${version}`);
  const place =
    conditions.namespace === 'own'
      ? 'in a network namespace of its own'
      : 'in the network namespace of the machine (no right to make another)';
  const slices = conditions.slice
    ? ` (echoes: in slices of ${conditions.slice} s by turns)`
    : '';
  const core =
    conditions.core === null
      ? 'server and generator not pinned (no taskset)'
      : generatorCore === null
        ? `server and generator on core ${conditions.core}`
        : `server on core ${conditions.core}, generator on core ` +
          generatorCore;

  return [
    `${date}: ${peers.join('; ')}.`,
    `Node ${machine.node}, ${machine.system}, ${machine.cpu}, ` +
      `${machine.cores} cores, ${machine.memoryGiB} GiB; ` +
      `load average at the start ${machine.loadAverageAtStart}.`,
    `${capital(core)}, ${place}, congestion control ` +
      `${conditions.congestionControl}; ${medians(rounds)} of ${conditions.seconds} s` +
      `${slices} after ${conditions.warmUp} s of warm-up.`,
    ...notes.map((note) => note.replace(/\.?$/, '.'))
  ];
}

/**
 * @param {number} rounds
 * @return {string}
 */
function medians(rounds) {
  return rounds === 1 ? 'one round' : `medians of ${rounds} alternating rounds`;
}

/**
 * @param {number} value
 * @return {string} With about three significant digits
 */
function figure(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {
    maximumFractionDigits: digits,
    minimumFractionDigits: digits
  });
}

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

module.exports = {
  circumstances,
  deflateTables,
  figure,
  medians,
  ratioTables,
  tables
};
