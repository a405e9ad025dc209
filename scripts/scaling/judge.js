'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

/** For how long nothing may come before all is taken to have come, in ms. */
const QUIET = 1000;
/** What was published so shortly before the broker was killed may be lost, in ms. */
const UNDER_WAY = 1000;

/**
 * Says what came of a run, and sets the exit code.
 *
 * @param {Object} run `servers` and `clients`, the `options`, and in `times` when
 *     the broker was killed and all were back
 */
async function judge({ clients, options, servers, times }) {
  const seen = await settled(clients);
  const results = await Promise.all(servers.map((one) => one.ask('result')));
  const published = results.map((one) => one.published);
  const lost = lostOf(seen, published);
  const count = published.flat(2).length;
  const local = lost.filter(({ gap }) => gap.publisher === gap.server);
  const early = lost.filter(({ at }) => at < times.killed - UNDER_WAY);
  const late = lost.filter(({ at }) => at > times.back);
  const cpu = results.reduce((sum, one) => sum + one.cpu, 0);
  const isKilled = times.killed < Infinity;

  console.log(
    `  published ${count}, ${Math.round(count / options.seconds)} per second\n` +
      `  received ${seen.received} in all, ` +
      `${Math.round(seen.received / options.seconds)} per second\n` +
      `  CPU of both processes: ${(cpu / seen.received).toFixed(1)} us per ` +
      `delivery, ${(cpu / options.seconds / 10_000).toFixed(0)} % of a core\n` +
      `  out of order or twice: ${seen.disorders}\n` +
      `  lost within a process: ${local.length}`
  );
  if (isKilled) {
    const first = Math.min(...lost.map(({ at }) => at));

    console.log(
      `  lost between processes: ${lost.length}, the first of which was ` +
        `published ${times.killed - first} ms before the broker was killed\n` +
        `  published ${UNDER_WAY} ms before that or earlier, and lost: ` +
        `${early.length}\n` +
        `  published after all were back (${times.back - times.killed} ms ` +
        `later), and lost: ${late.length}`
    );
  } else {
    console.log(`  lost between processes: ${lost.length - local.length}`);
  }

  const errors = results.map((one) => summary(one.errors));

  console.log(`  errors: ${errors.map((one) => one || 'none').join('; ')}`);

  const isWell =
    seen.disorders === 0 &&
    local.length === 0 &&
    early.length === 0 &&
    late.length === 0 &&
    (isKilled
      ? errors.every((one) => one === 'WS_RS_BROKER_AWAY')
      : lost.length === 0 && errors.every((one) => one === '')) &&
    seen.received > 0;

  console.log(isWell ? '  all is well' : '  FAILED');
  process.exitCode = isWell ? 0 : 1;
}

/** Each error once, and how often it came if that is more. */
function summary(errors) {
  const counts = new Map();

  for (const one of errors) counts.set(one, (counts.get(one) ?? 0) + 1);
  return [...counts]
    .map(([one, count]) => (count > 1 ? `${one} (${count} times)` : one))
    .join(', ');
}

/** What the connections have seen, when nothing comes any more. */
async function settled(clients) {
  let before = -1;

  for (;;) {
    const seen = await clients.ask('result');

    if (seen.received === before) return seen;
    before = seen.received;
    await sleep(QUIET);
  }
}

/** Each message that a connection has not got, and when it was published. */
function lostOf({ gaps, next }, published) {
  const lost = [];
  const open = next.flatMap(({ next, server, topic }) =>
    published.map((topics, publisher) => ({
      from: next[publisher],
      publisher,
      server,
      to: topics[topic].length,
      topic
    }))
  );

  for (const gap of [...gaps, ...open]) {
    for (let i = gap.from; i < gap.to; i++) {
      lost.push({ at: published[gap.publisher][gap.topic][i], gap });
    }
  }
  return lost;
}

module.exports = { judge };
