'use strict';

/**
 * Puts samples together to what docs/bench.json holds.
 *
 * @param {Object} run
 * @param {Workload[]} run.workloads
 * @param {Object[]} run.servers
 * @param {Object[]} run.samples
 * @param {Object} run.conditions Where and how it was measured
 * @param {string[]} run.notes
 * @param {number} run.rounds
 * @return {Object} With one result per workload and server: the median of each
 *   value over the rounds, and the rounds themselves
 */
function summarize({ workloads, servers, samples, conditions, notes, rounds }) {
  const results = [];

  for (const workload of workloads) {
    for (const server of servers) {
      const own = samples.filter(
        (s) => s.workload === workload.name && s.server === server.name
      );
      const failed = own.find((sample) => sample.error);
      const values = own.map((sample) => sample.values).filter(Boolean);

      results.push({
        workload: workload.name,
        server: server.name,
        ...(failed && { error: failed.error }),
        median: medians(values),
        rounds: values
      });
    }
  }

  return {
    date: new Date().toISOString().slice(0, 10),
    rounds,
    conditions,
    notes,
    servers,
    workloads,
    results
  };
}

/**
 * @param {Object<string, number>[]} list Objects with the same keys
 * @return {Object<string, number>} The median by key
 */
function medians(list) {
  const keys = list.length > 0 ? Object.keys(list[0]) : [];
  return Object.fromEntries(
    keys.map((key) => [key, median(list.map((values) => values[key]))])
  );
}

/**
 * @param {number[]} numbers At least one
 * @return {number} The middle one, or the mean of the two in the middle
 */
function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {Object} run A summary
 * @param {string} workload
 * @param {string} server
 * @return {Object<string, number> | null} The medians; null if it failed
 */
function medianOf(run, workload, server) {
  const result = run.results.find(
    (r) => r.workload === workload && r.server === server
  );
  return result && !result.error ? result.median : null;
}

module.exports = { median, medianOf, summarize };
