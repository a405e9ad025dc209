// Whether two packages do the same, and the smallest scenario in which they do not.

const TIMES = 3;

/**
 * @param {Object} scenario The scenario
 * @param {{ws: Runner, rs: Runner, allowed: ?Function}} pair Who runs it, and what
 *     leaves out what may differ
 * @param {Number} [times] How often each has to before a difference counts
 * @return {Promise<?Object>} `null` if both do the same
 */
export async function differing(scenario, pair, times = TIMES) {
  const filter = pair.allowed ?? allowed;
  const run = async (name) =>
    filter(scenario, await pair[name].run(scenario), name);
  const [ref, mine] = await Promise.all([run('ws'), run('rs')]);
  if (!ref.program && !mine.program) return null;
  let streams = ref.program ? unlike([ref], mine) : [];
  if (streams.length === 0) return null;

  // Fresh processes, one after the other: an earlier scenario may have harmed them.
  pair.ws.stop();
  pair.rs.stop();
  const refs = [ref];
  const all = [];
  for (let i = 0; i < times; i++) {
    refs.push(await run('ws'));
    const other = await run('rs');
    all.push(other);
    streams = streams.filter((name) => unlike(refs, other).includes(name));
    if (streams.length === 0) return null;
  }
  // ws itself is not sure: give it more chances, and its opinion on each of ours.
  if (
    streams.some((name) =>
      refs.some((r) => text(r, name) !== text(refs[0], name))
    )
  ) {
    for (let i = 0; i < 6; i++) refs.push(await run('ws'));
    streams = streams.filter((name) =>
      all.every((one) => unlike(refs, one).includes(name))
    );
    if (streams.length === 0) return null;
  }
  const last = all[all.length - 1];
  return {
    ref: refs[refs.length - 1],
    mine: last,
    streams,
    signature: signature(refs[refs.length - 1], last, streams)
  };
}

/** Leaves out what docs/api.md lets differ. */
function allowed(scenario, trace) {
  const { upgrade = [], error = [] } = scenario.listeners ?? {};

  // A bad answer whose socket an 'upgrade' listener destroys.
  if (/destroy|abort/.test(upgrade.join())) {
    if (error.length > 0) return {};
    trace.program = trace.program?.filter(
      (line) => !/^(#\d error|uncaught) Error: (Invalid|Server)/.test(line)
    );
  }
  // What stands behind a redirect, and a request that has no socket.
  if (scenario.options?.followRedirects && trace.program) {
    const bodies = (scenario.answers ?? []).some(
      (a) => / 3\d\d/.test(a.status ?? '') && a.body
    );
    if (bodies && trace.program.some((line) => /Parse Error/.test(line))) {
      return {};
    }
  }
  trace.callbacks = trace.callbacks?.map((line) =>
    line.replaceAll('EPIPE', 'ECONNRESET').replace('-32', '-104')
  );
  trace.program = trace.program?.filter(
    // finishRequest is not asked about what was given up.
    (line) => !/^(req error socket hang up|finishRequest .* 2$)/.test(line)
  );
  return trace;
}

/** On a trace: streams that do not count, and whether only a beginning does. */
export const LEFT_OUT = Symbol('left out');
export const CUT = Symbol('cut');

const text = (trace, name) => (trace[name] ?? []).join('\n');

function unlike(refs, mine) {
  const names = new Set([...refs, mine].flatMap((trace) => Object.keys(trace)));
  return [...names]
    .filter((name) =>
      refs.every((ref) => !counts(ref, mine, name) || differs(ref, mine, name))
    )
    .filter((name) => refs.some((ref) => counts(ref, mine, name)));
}

const counts = (ref, mine, name) =>
  !ref[LEFT_OUT]?.includes(name) && !mine[LEFT_OUT]?.includes(name);

function differs(ref, mine, name) {
  return ref[CUT] || mine[CUT]
    ? name === 'program' && !begins(ref.program, mine.program)
    : text(ref, name) !== text(mine, name);
}

function begins(a, b) {
  const length = Math.min(a.length, b.length);
  return (
    text({ a: a.slice(0, length) }, 'a') ===
    text({ b: b.slice(0, length) }, 'b')
  );
}

/** What kind of a difference it is: the words of the first lines that differ. */
function signature(ref, mine, streams) {
  const name = streams[0];
  const a = ref[name] ?? [];
  const b = mine[name] ?? [];
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const word = (line) =>
    (line ?? '-').split(' ').slice(0, 4).join(' ').slice(0, 60);
  return `${name.replace(/\d+/, '')}: ${word(a[i])} <> ${word(b[i])}`;
}

/** Leaves things out of a scenario for as long as the same stream differs. */
export async function shrink(scenario, result, pair, budget) {
  const end = Date.now() + budget;
  let best = { scenario, result };
  let again = true;

  while (again && Date.now() < end) {
    again = false;
    for (const path of places(best.scenario)) {
      if (Date.now() > end) break;
      const smaller = structuredClone(best.scenario);
      if (!leaveOut(smaller, path)) continue;
      const outcome = await differing(smaller, pair, 2);
      const failed = (list) => /RUNNER|HANG|ENDED/.test((list ?? []).join());
      if (
        outcome &&
        outcome.streams.includes(result.streams[0]) &&
        failed(outcome.mine.program) === failed(result.mine.program) &&
        failed(outcome.ref.program) === failed(result.ref.program)
      ) {
        best = { scenario: smaller, result: outcome };
        again = true;
        break;
      }
    }
  }
  return best;
}

function places(value, at = []) {
  if (value === null || typeof value !== 'object') return [];
  const list = [];
  for (const key of Object.keys(value).reverse()) {
    if (at.length === 0 && ['kind', 'seed', 'topology', 'mode'].includes(key)) {
      continue;
    }
    list.push([...at, key]);
  }
  for (const key of Object.keys(value)) {
    list.push(...places(value[key], [...at, key]));
  }
  return list.sort((a, b) => a.length - b.length);
}

function leaveOut(value, path) {
  const key = path[path.length - 1];
  const parent = path.slice(0, -1).reduce((v, k) => v?.[k], value);
  if (parent === undefined) return false;
  if (Array.isArray(parent)) {
    if (
      path.length === 2 &&
      ['answers', 'clients'].includes(path[0]) &&
      parent.length === 1
    ) {
      return false;
    }
    parent.splice(Number(key), 1);
  } else if (key === '$' || key === 'arg') return false;
  else delete parent[key];
  return true;
}
