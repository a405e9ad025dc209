'use strict';

// ws-rs against the ws-rs of another checkout: what a run with --baseline is for.

const { costs } = require('./costs');
const { serverKind } = require('./servers');
const { median } = require('./summary');

/**
 * @typedef {Object} Ratio
 * @property {string} workload
 * @property {string} title
 * @property {string} unit
 * @property {string} server
 * @property {string} baseline
 * @property {string} [error] Why there are no figures
 * @property {{ baseline: number, server: number }} [medians] Of the rounds
 * @property {number} [ratio] The median of the rounds' ratios, server by
 *   baseline: below 1 the server takes less
 * @property {[number, number] | null} [interval] Where the ratio is with a
 *   probability of 95 % or a little more; null if there are fewer than six rounds
 * @property {number[]} [rounds] The ratio in each
 */

/**
 * @param {Object} run A summary of a run with a baseline
 * @return {Ratio[]} By server and cost
 */
function ratios(run) {
  const pairs = run.servers
    .map(({ name }) => [serverKind(name).baselineOf, name])
    .filter(([server]) => server);

  return pairs.flatMap(([server, baseline]) =>
    shown(run.workloads).map((cost) => compare(run, cost, server, baseline))
  );
}

/** The costs, and the round trip where nothing but the server delays it. */
function shown(workloads) {
  return workloads.flatMap((workload) => {
    const own = costs([workload]);
    const { kind, connections, name, title } = workload;

    if (kind !== 'echo' || connections !== 1) return own;
    const of = ({ p50 }) => ({ all: p50 });
    return [...own, { workload: name, title, unit: 'µs round trip', of }];
  });
}

function compare(run, { workload, title, unit, of }, server, baseline) {
  const row = { workload, title, unit, server, baseline };
  const [its, other] = [server, baseline].map((name) =>
    run.results.find((r) => r.workload === workload && r.server === name)
  );
  const error = its.error ?? other.error;

  if (error) return { ...row, error };

  const [values, others] = [its, other].map(({ rounds }) =>
    rounds.map((round) => of(round).all)
  );
  const rounds = values.map((value, index) => value / others[index]);

  return {
    ...row,
    medians: { baseline: median(others), server: median(values) },
    ratio: median(rounds),
    interval: interval(rounds),
    rounds
  };
}

/**
 * Where the median of a distribution lies, by numbers drawn from it: between the
 * k-th least and the k-th greatest, for the chance that fewer than k numbers of
 * n are on one side of it is that of fewer than k heads in n throws of a coin.
 *
 * @param {number[]} numbers At least one
 * @return {[number, number] | null} With a probability of at least 95 %; null if
 *   that takes more numbers
 */
function interval(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const count = sorted.length;
  let outside = 0;
  let chance = 0.5 ** count;
  let sum = chance;

  while (sum <= 0.025) {
    outside++;
    chance *= (count - outside + 1) / outside;
    sum += chance;
  }

  return outside > 0 ? [sorted[outside - 1], sorted[count - outside]] : null;
}

module.exports = { interval, ratios };
