'use strict';

const { serverKind } = require('./servers');
const { medianOf } = require('./summary');
const { capital, document, ink, margin, text, tidy, width } = require('./svg');
const { figure, medians } = require('./tables');

const top = 74;
const plotHeight = 330;
const left = margin + 60;
/** For the names at the ends of the lines. */
const nameWidth = 190;
const nameHeight = 17;
const ticks = 5;
const mebi = 2 ** 20;

/**
 * Draws the memory of servers over their connections, a line for each.
 *
 * @param {Object} run A summary of one workload whose memory grows
 * @return {string} An SVG document without a background
 */
function linePlot(run) {
  const [{ name: workload, steps }] = run.workloads;
  const lines = run.servers.flatMap(({ name, title }) => {
    const values = medianOf(run, workload, name);
    if (!values) return [];

    const bytes = steps.map((step) => values[`resident${step}`]);
    return { name, title, bytes };
  });
  const most = {
    connections: steps.at(-1),
    mebibytes: round(Math.max(...lines.flatMap((l) => l.bytes), mebi) / mebi)
  };
  const right = width - margin - nameWidth;
  const bottom = top + plotHeight;
  const x = (count) => left + ((right - left) * count) / most.connections;
  const y = (size) => bottom - (plotHeight * size) / mebi / most.mebibytes;
  const { machine } = run.conditions;

  return document(
    bottom + 48,
    'Resident memory of a server over its idle connections',
    'MiB more than without connections, after garbage collection. ' +
      `${capital(medians(run.rounds))}, Node ${machine.node}, ` +
      `${machine.cpu}, ${run.date}`,
    [
      ...axes(steps, most.mebibytes, { x, y, right, bottom }),
      ...lines.map(({ name, bytes }) => {
        const points = [0, ...bytes].map(
          (size, index) =>
            `${tidy(x(index === 0 ? 0 : steps[index - 1]))},${tidy(y(size))}`
        );

        return (
          `<polyline points="${points.join(' ')}" fill="none" ` +
          `stroke="${serverKind(name).colour}" stroke-width="2"/>`
        );
      }),
      ...names(lines, most, y).map(({ title, at, per, colour }) =>
        text(
          right + 8,
          at + 4.5,
          `${title}: ${figure(per)} B each`,
          `fill="${colour}" font-weight="600"`
        )
      )
    ]
  );
}

/** A line at each fifth of the memory, and the steps that were measured. */
function axes(steps, mebibytes, { x, y, right, bottom }) {
  const parts = [0, 1, 2, 3, 4, 5].map((index) => index / ticks);
  const lines = parts.flatMap((part) => {
    const across = tidy(y(part * mebibytes * mebi));

    return [
      `<line x1="${left}" x2="${right}" y1="${across}" y2="${across}" ` +
        `stroke="${ink}" opacity="${part === 0 ? 1 : 0.25}"/>`,
      text(
        left - 8,
        across + 4.5,
        (part * mebibytes).toLocaleString('en-US'),
        'text-anchor="end"'
      )
    ];
  });
  const counts = [0, ...steps].map((count) =>
    text(
      x(count),
      bottom + 20,
      count.toLocaleString('en-US'),
      'text-anchor="middle"'
    )
  );

  return [...lines, ...counts];
}

/** Where the names stand: at the ends of the lines, and none on another. */
function names(lines, { connections }, y) {
  const sorted = lines.toSorted((a, b) => a.bytes.at(-1) - b.bytes.at(-1));
  let lowest = Infinity;

  return sorted.map(({ name, title, bytes }) => {
    const at = Math.min(y(bytes.at(-1)), lowest - nameHeight);

    lowest = at;
    return {
      title,
      at,
      per: bytes.at(-1) / connections,
      colour: serverKind(name).colour
    };
  });
}

/** @return {number} At least as much, and a fifth of it is easily read */
function round(number) {
  const unit = 10 ** Math.floor(Math.log10(number));

  return [1, 1.5, 2, 2.5, 5, 10]
    .map((times) => times * unit)
    .find((end) => end >= number);
}

module.exports = { linePlot };
