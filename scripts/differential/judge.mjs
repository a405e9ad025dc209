// Runs a scenario on both packages until it is clear whether they differ.
import { differing, unstable } from './compare/differing.mjs';
import { brokenRules } from './compare/rules.mjs';

/** How often each has to do the same before a difference counts. */
const TIMES = 3;

/** A stream's name without the number of the connection. */
export const kindOf = (stream) => stream.replace(/^c\d+/, '');

/**
 * @param {Object} scenario
 * @param {{ws: Worker, rs: Worker}} pair
 * @param {Object} [options]
 * @param {String[]} [options.except] Kinds of streams that do not count
 * @param {Number} [options.times=TIMES]
 * @param {String[]} [options.only] Streams that count; the others' kinds do not
 * @param {Boolean} [options.order] Whether the order of callbacks against
 *     events counts
 * @return {Promise<?Object>} null if both do the same; otherwise the names of
 *     the streams that differ, the rules that are broken, and all traces
 */
export async function judge(scenario, pair, options = {}) {
  const { except = [], times = TIMES, only, order = false } = options;
  const keep = (list) =>
    list.filter(
      (name) =>
        !except.includes(kindOf(name)) &&
        (!only || only.some((other) => kindOf(other) === kindOf(name)))
    );
  const runs = [pair.ws.run(scenario), pair.rs.run(scenario)];
  let [ref, first] = await Promise.all(runs);

  if (failure(ref)) {
    // A scenario that fails on ws says nothing: not a pass.
    ref = await pair.ws.run(scenario);
    const line = failure(ref);
    if (line) {
      const wrong = [`the scenario fails on ws itself: ${line}`];
      return { bad: [], wrong, refs: [ref], mine: [first] };
    }
    first = await pair.rs.run(scenario);
  }
  const refs = [ref];
  const mine = [first];
  let bad = keep(differing(scenario, refs, first, { order }));
  let wrong = brokenRules(scenario, first);

  if (wrong.length > 0 && brokenRules(scenario, ref).length > 0) wrong = [];
  if (bad.length === 0 && (wrong.length === 0 || only)) return null;

  // Fresh processes: an earlier scenario may have harmed them.
  pair.ws.stop();
  pair.rs.stop();
  for (let i = 1; i < times; i++) {
    refs.push(await pair.ws.run(scenario));
    bad = keep(differing(scenario, refs, first, { order }));
    if (bad.length === 0 && wrong.length === 0) return null;
  }
  // What varies in ws itself cannot be judged.
  const loose = unstable(scenario, refs);
  bad = bad.filter((s) => !loose.has(s));
  if (bad.length === 0 && wrong.length === 0) return null;

  for (let i = 1; i < times; i++) {
    const trace = await pair.rs.run(scenario);
    const again = differing(scenario, refs, trace, { order });
    mine.push(trace);
    bad = bad.filter((s) => again.includes(s));
    if (wrong.length > 0) wrong = brokenRules(scenario, trace);
    if (bad.length === 0 && wrong.length === 0) return null;
  }
  return { bad, wrong, refs, mine };
}

function failure(trace) {
  return trace.proc?.find((line) =>
    /^(RUNNER FAILED|HANG|PROCESS ENDED|program did not connect)/.test(line)
  );
}

/** The lines around the place where traces part. */
export function show(result) {
  const lines = [];

  for (const name of result.bad) {
    const a = result.refs[0][name] || [];
    const b = result.mine[0][name] || [];
    let same = 0;
    while (same < a.length && same < b.length && a[same] === b[same]) same++;

    lines.push(
      `  ${name}: ${a.length} and ${b.length} lines, first ${same} the same`
    );
    for (const [label, list] of [
      ['ws   ', a],
      ['ws-rs', b]
    ]) {
      for (const line of list.slice(Math.max(0, same - 2), same + 5)) {
        lines.push(`    ${label} | ${String(line).slice(0, 300)}`);
      }
    }
  }
  for (const rule of result.wrong) lines.push(`  broken rule: ${rule}`);
  return lines.join('\n');
}
