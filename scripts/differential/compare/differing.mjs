// Says where traces differ.
import { drops, endsHard, endsSomewhere, throwsSomewhere } from './endings.mjs';
import { isOfMode } from './modes.mjs';
import { afterError, normalise } from './normalise.mjs';
import {
  isBehindFailed,
  isCalledBack,
  isCutOff,
  isJoined,
  isKilled,
  isOwned,
  isTaken,
  isWritten,
  withoutMadeUp
} from './tolerance.mjs';

/** Callbacks against events may differ by docs/api.md; `gave` is for rules. */
const ORDER = /\.(order|callbacks|gave)$/;
/** What nobody may see in any scenario unless ws shows it as well. */
const GRAVE =
  /NEVER|never closed|uncaught|unhandled|PROCESS|HANG|left behind|clients left [^0]/;
/** In a racy scenario these depend on chance alone. */
const CHANCE =
  /\.(state|socket|order|api|sent|look|own|context|events|callbacks)$/;

/**
 * @param {Object} scenario
 * @param {Object[]} refs Traces of ws
 * @param {Object} b A trace of ws-rs
 * @param {Object} [options]
 * @param {Boolean} [options.order] Whether the order of callbacks counts
 * @return {String[]} The streams in which `b` is like none of `refs`
 */
export function differing(scenario, refs, b, { order = false } = {}) {
  const names = new Set([...refs, b].flatMap((trace) => Object.keys(trace)));
  const failed = [b, ...refs].some((trace) =>
    Object.entries(trace).some(
      ([name, lines]) =>
        name.endsWith('.rx') && lines.some((line) => line.startsWith('error'))
    )
  );
  const bad = [...names].filter((name) => {
    if (ORDER.test(name) && !order) return false;
    // How much a raw peer has sent before it sees that the other end has failed
    // is a matter of speed.
    if (failed && name.endsWith('.sent')) return false;
    const mine = normalise(name, b[name] || [], scenario);

    return !refs.some((ref) => {
      const sent = ref[name.replace('a.rx', 'b.sent')];
      const lines = ref[name] || [];
      const theirs = normalise(name, lines, scenario);
      if (scenario.racy && racyEqual(name, theirs, mine, scenario, failed)) {
        return true;
      }
      if (equal(name, theirs, mine, scenario)) return true;
      if (isOfMode(name, theirs, mine, scenario)) return true;
      if (name.endsWith('a.rx')) {
        const real = normalise(name, withoutMadeUp(lines, sent), scenario);
        return equal(name, real, mine, scenario);
      }
      const own = name.replace(/\w+$/, 'own');
      return (
        name.endsWith('.stream') &&
        isTaken(theirs, mine, ref[own] || [], b[own] || [])
      );
    });
  });

  return bad.length > 0 && stalled(scenario, [b, ...refs]) ? [] : bad;
}

/** @return {Set<String>} Names of streams that are not the same in all of `refs` */
export function unstable(scenario, refs) {
  const names = new Set(refs.flatMap((ref) => Object.keys(ref)));
  const text = (ref, name) =>
    normalise(name, ref[name] || [], scenario).join('\n');

  return new Set(
    [...names].filter((name) =>
      refs.some((ref) => text(ref, name) !== text(refs[0], name))
    )
  );
}

function equal(name, theirs, mine, scenario) {
  const a = theirs.join('\n');
  const b = mine.join('\n');

  if (a === b) return true;
  // After a violation ws may still emit what its receiver had deferred or was
  // given later.
  if (name.endsWith('.rx') && afterError(a) === afterError(b)) return true;
  // docs/api.md: 'close' of the stream comes where in ws nothing follows.
  if (
    name.endsWith('.stream') &&
    !theirs.includes('close') &&
    mine.filter((line) => line !== 'close').join('\n') === a
  ) {
    return true;
  }
  // docs/api.md: with ws a callback may run in the async context of another send().
  if (name.endsWith('.story') && a.replaceAll(' elsewhere', '') === b) {
    return true;
  }
  if (name.endsWith('.own')) return isOwned(theirs, mine);
  if (name.endsWith('.cb') && isBehindFailed(theirs, mine, scenario)) {
    return true;
  }
  if (scenario.apart) return isKilled(theirs, mine, scenario);
  if (!drops(scenario)) return false;
  if (scenario.transport === 'duplex') return isCutOff(name, theirs, mine);
  if (isJoined(name, theirs, mine, scenario)) return true;
  if (name.endsWith('.wire')) return isWritten(theirs, mine, scenario);
  return name.endsWith('.cb') && isCalledBack(theirs, mine, scenario);
}

/** In a racy scenario: nothing is lost, made up or doubled; order may differ. */
function racyEqual(name, a, b, scenario, failed) {
  if (CHANCE.test(name)) return true;
  const sorted = (list) => list.toSorted().join('\n');

  if (!failed && !endsSomewhere(scenario)) return sorted(a) === sorted(b);
  // What came before a FIN or a close frame of the raw peer is to be delivered
  // all the same.
  if (
    name.endsWith('a.rx') &&
    scenario.peer === 'raw' &&
    !failed &&
    !endsHard(scenario)
  ) {
    const messages = (list) =>
      list.filter((line) => line.startsWith('message ')).join('\n');
    if (messages(a) !== messages(b)) return false;
  }
  const grave = (list) => sorted(list.filter((line) => GRAVE.test(line)));
  return grave(a) === grave(b);
}

/** What listeners throw: on purpose, or as they are none, or got no message's memory. */
const THROWN =
  /thrown on purpose|ERR_INVALID_ARG_TYPE|is not a function|on a detached ArrayBuffer/;
/** Steps that may have listeners do so. */
const MAY_THROW = /"op":"(stream|take|odd)"/;

/**
 * A listener that throws stalls ws, not ws-rs (docs/api.md), and so does a
 * stream that is given what binaryType makes. What is left to ask then are the
 * rules that ws-rs keeps alone.
 */
function stalled(scenario, traces) {
  if (
    !throwsSomewhere(scenario) &&
    !MAY_THROW.test(JSON.stringify(scenario.steps))
  ) {
    return false;
  }
  return traces.some((trace) =>
    (trace.proc || []).some((line) => THROWN.test(line))
  );
}
