// Barriers make a scenario give one result on ws itself.

const YIELDS = new Set(['tick', 'immediate', 'ms', 'quiesce']);
const QUIET = new Set(['pauseRead', 'resumeRead', 'noAutoClose']);
/** What changes what comes of each message from then on. */
const INSTALLS = new Set([
  'react',
  'listen',
  'unlisten',
  'addEventListener',
  'removeEventListener',
  'binaryType',
  'stream'
]);
/** What goes past the sender, where messages may be being compressed. */
const PAST_SENDER = new Set(['sendFrame', 'sockWrite']);

/** Whether both sides have something to do behind a step. */
export const endsSomething = (step) =>
  [
    'terminate',
    'close',
    'fin',
    'rst',
    'destroy',
    'partial',
    'stream',
    'streamEnd'
  ].includes(step.op) ||
  (step.op === 'touch' && /^sock(End|Destroy|Reset)/.test(step.what)) ||
  (step.frames || []).some((f) => f.bad !== undefined || f.close !== undefined);

/**
 * Puts a barrier wherever what happens at one end meets what happens at the
 * other. Steps of one end follow each other without any: what it sends and how
 * it ends the connection then come in one tick.
 */
export function barriers(steps, id, { deflate, racy }) {
  let last = null;
  let yielded = false;

  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];

    if (step.op === 'quiesce') {
      last = null;
      yielded = false;
    }
    if (YIELDS.has(step.op)) {
      yielded ||= step.op === 'immediate' || step.op === 'ms';
      continue;
    }
    if (racy && !INSTALLS.has(step.op)) {
      last = step;
      continue;
    }
    if (last !== null && isMeeting(last, step, deflate && yielded)) {
      steps.splice(i, 0, { op: 'quiesce', id: id() });
      i++;
      yielded = false;
    }
    last = step;
  }
}

function isMeeting(last, step, compressed) {
  if (QUIET.has(step.op) && step.op === 'pauseRead' && !endsSomething(last)) {
    return false;
  }
  if (last.e !== step.e) return true;
  // Whether a message has been compressed in the meantime is a matter of chance.
  if (compressed && (endsSomething(step) || PAST_SENDER.has(step.op))) {
    return true;
  }
  // Two ends of a peer in two segments: which is read first is, too.
  return step.e === 'b' && (endsSomething(step) || endsSomething(last));
}
