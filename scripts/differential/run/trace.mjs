// What is written down of a run, and the small waits that all of them use.

/** Goes up whenever anything happens; a run is at rest when it stands still. */
export const activity = { count: 0 };

/** How many times longer things may take: emulated machines are slow. */
export const SLOWNESS = Number(process.env.WS_RS_TEST_SLOWNESS ?? 1);

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A promise, but no longer than so many ms of a machine that is not slow. */
export function within(ms, promise) {
  let timer;
  return Promise.race([
    promise,
    new Promise((resolve) => (timer = setTimeout(resolve, ms * SLOWNESS)))
  ]).finally(() => clearTimeout(timer));
}
export const turn = () => new Promise((resolve) => setImmediate(resolve));
export const tick = () => new Promise((resolve) => process.nextTick(resolve));

export function errText(err) {
  if (!err) return 'ok';
  return `${err.constructor?.name}/${err.name} ${err.code || ''} ${String(err.message).replace(/127\.0\.0\.1:\d+/g, 'ADDR')}`;
}

export class Trace {
  constructor() {
    this.streams = {};
  }

  add(stream, line) {
    activity.count++;
    const list = (this.streams[stream] ??= []);
    if (list.length < 5000) list.push(line);
    return { list, at: list.length - 1 };
  }
}
