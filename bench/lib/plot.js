'use strict';

const { costs } = require('./costs');
const { serverKind } = require('./servers');
const { medianOf } = require('./summary');
const { capital, document, margin, text, tidy, width } = require('./svg');
const { figure, medians } = require('./tables');

const gap = 36;
const titleHeight = 24;
const barHeight = 18;
const barGap = 5;
const labelWidth = 112;
const valueWidth = 62;

/**
 * Draws one panel of bars per cost, each on its own scale; shorter is
 * better in all of them.
 *
 * @param {Object} run A summary
 * @return {string} An SVG document without a background
 */
function plot(run) {
  const panelWidth = (width - 2 * margin - gap) / 2;
  const panelHeight =
    titleHeight + run.servers.length * (barHeight + barGap) + 20;
  const top = 74;
  const shown = costs(run.workloads);
  const rows = Math.ceil(shown.length / 2);
  const height = top + rows * panelHeight + 8;
  const panels = shown.map((cost, index) =>
    panel(run, cost, {
      x: margin + (index % 2) * (panelWidth + gap),
      y: top + (index >> 1) * panelHeight,
      width: panelWidth
    })
  );
  const { machine } = run.conditions;
  const heading = run.workloads.every(({ kind }) => kind === 'fanout')
    ? 'Server CPU time per message and receiver, of messages for all'
    : 'Server CPU time per echoed message, and cost per connection';

  return document(
    height,
    heading,
    'Shorter is better. Solid: the JS thread; pale: other threads. ' +
      `${capital(medians(run.rounds))}, Node ${machine.node}, ` +
      `${machine.cpu}, ${run.date}`,
    panels
  );
}

function panel(run, { workload, title: heading, unit, of }, area) {
  const bars = run.servers.map(({ name, title }) => {
    const values = medianOf(run, workload, name);
    const { all, main } = values ? of(values) : { all: 0, main: 0 };
    return { name, title, all, main, label: values ? figure(all) : 'failed' };
  });
  const longest = Math.max(...bars.map(({ all }) => all), Number.MIN_VALUE);
  const scale = (area.width - labelWidth - valueWidth) / longest;
  const left = area.x + labelWidth;

  return [
    text(
      area.x,
      area.y + 14,
      `${capital(heading)}: ${unit}`,
      'font-weight="600"'
    ),
    ...bars.flatMap(({ name, title, all, main, label }, index) => {
      const y = area.y + titleHeight + index * (barHeight + barGap);
      const baseline = y + barHeight - 4.5;
      const total = Math.max(all * scale, 1);
      const { colour } = serverKind(name);

      return [
        text(left - 8, baseline, title, 'text-anchor="end"'),
        bar(left, y, total, colour, 0.35),
        bar(left, y, Math.min(main * scale, total), colour, 1),
        text(left + total + 6, baseline, label)
      ];
    })
  ].join('\n');
}

function bar(x, y, length, colour, opacity) {
  return (
    `<rect x="${tidy(x)}" y="${tidy(y)}" width="${tidy(Math.max(length, 0))}" ` +
    `height="${barHeight}" rx="2" fill="${colour}" opacity="${opacity}"/>`
  );
}

module.exports = { plot };
