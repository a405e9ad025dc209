const YIELDS = new Set(['tick', 'immediate', 'ms', 'quiesce']);
/** Behind these both sides have something to do. */
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

/** Puts a barrier wherever what happens at one end meets what happens at the other. */
export function barriers(steps, id, racy) {
  let last = null;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step.op === 'quiesce') last = null;
    if (YIELDS.has(step.op)) continue;
    const quiet = ['pauseRead', 'resumeRead', 'noAutoClose'].includes(step.op);
    if (racy && !INSTALLS.has(step.op)) {
      last = step;
      continue;
    }
    if (
      last !== null &&
      (last.e !== step.e || endsSomething(step) || endsSomething(last)) &&
      !(quiet && !endsSomething(last) && step.op === 'pauseRead')
    ) {
      steps.splice(i, 0, { op: 'quiesce', id: id() });
      i++;
    }
    last = step;
  }
}
