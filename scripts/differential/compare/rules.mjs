// What must hold of each run alone, whatever ws does.
import { endsBesidesThrows } from './endings.mjs';

/**
 * @param {Object} scenario
 * @param {Object} trace
 * @return {String[]} The rules that the trace breaks, with the place
 */
export function brokenRules(scenario, trace) {
  const wrong = (trace.proc || [])
    .filter((line) => line.startsWith('RUNNER FAILED'))
    .map((line) => `proc: ${line.split('\n')[0]}`);

  for (const [name, lines] of Object.entries(trace)) {
    const failed = (trace[`${name.replace(/\.\w+$/, '')}.rx`] || []).some(
      (line) => line.startsWith('error')
    );
    const calm = !failed && !endsBesidesThrows(scenario);
    let found = [];

    if (name.endsWith('.cb')) found = ofCallbacks(lines, calm);
    else if (name.endsWith('.rx')) {
      const sent = trace[`${name.slice(0, -4)}b.sent`];
      found = ofEvents(lines);
      if (sent && name.endsWith('a.rx') && !breaksProtocol(scenario)) {
        found.push(...ofMessages(lines, JSON.parse(sent[0]), calm));
      }
    } else if (name.endsWith('b.wire') && scenario.peer === 'raw') {
      const gave = trace[`${name.slice(0, -6)}a.gave`];
      if (gave) found = ofFrames(lines, gave, scenario);
    }
    wrong.push(...found.map((rule) => `${name}: ${rule}`));
  }
  return wrong;
}

const breaksProtocol = ({ steps }) => JSON.stringify(steps).includes('"bad"');

/** Once, not within the call, and always on a connection that lived. */
function ofCallbacks(lines, calm) {
  return lines.filter(
    (line) => / AGAIN| SYNC/.test(line) || (calm && line.includes('NEVER'))
  );
}

function ofEvents(lines) {
  const found = lines.filter((line) => line.startsWith('CHANGED'));
  const closeAt = lines.findIndex((line) => line.startsWith('close '));

  if (lines.filter((line) => line.startsWith('close ')).length > 1) {
    found.push('close more than once');
  }
  if (
    closeAt >= 0 &&
    lines.slice(closeAt).some((line) => /^(message|ping|pong|error)/.test(line))
  ) {
    found.push('events behind close');
  }
  return found;
}

/** Nothing is on the wire but what the program gave, whole. */
function ofFrames(lines, gave, { deflate, steps }) {
  const known = new Set(gave);
  // Fragments are inflated together.
  const joined = deflate && JSON.stringify(steps).includes('"fin":false');

  if (known.has('anything')) return [];
  return lines.filter((line) => {
    if (line.includes('CANNOT INFLATE')) return true;
    const match = /^frame op\d.* (\d+ [0-9a-f]{8})( MASKED| UNMASKED)?$/.exec(
      line
    );
    if (!match || (joined && line.includes('inflated'))) return false;
    return !known.has(match[1]);
  });
}

/** Messages are those that the raw peer sent, in order. */
function ofMessages(lines, sent, calm) {
  const got = lines
    .filter((line) => line.startsWith('message '))
    .map((line) => line.split(' ').slice(1, 4).join(' '));
  const at = got.findIndex((message, i) => message !== sent[i]);

  if (at >= 0) return [`message ${at} is ${got[at]}, was sent as ${sent[at]}`];
  if (calm && got.length !== sent.length) {
    return [`${sent.length} messages were sent, ${got.length} came`];
  }
  return [];
}
