// Runs scenarios against one package and answers with traces. Started by
// worker.mjs:
//   node main.mjs --pkg DIR --ws DIR --tls DIR [--once]
// One process runs scenario after scenario, which it is sent over IPC; with
// --once it runs one and then has to end by itself.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { runApart } from './apart.mjs';
import { finish } from './finish.mjs';
import { open } from './open.mjs';
import { Run } from './run.mjs';
import { activity, sleep, turn } from './trace.mjs';

const arg = (name) => {
  const i = process.argv.indexOf(`--${name}`);
  return i < 0 ? undefined : process.argv[i + 1];
};
const require = createRequire(import.meta.url);
const packages = {
  SUT: require(path.resolve(arg('pkg'))),
  REAL: require(path.resolve(arg('ws'))),
  TLS: {
    key: fs.readFileSync(path.join(arg('tls'), 'key.pem')),
    cert: fs.readFileSync(path.join(arg('tls'), 'cert.pem'))
  },
  folder: path.resolve(arg('pkg')),
  tlsFolder: arg('tls')
};
let current = null;

function onUncaught(label, err) {
  activity.count++;
  const line = `${label} ${err?.code || ''} ${err?.message}`;

  if (current) current.trace.add('proc', line);
  else console.error('between scenarios:', line);
}
process.on('uncaughtException', (err) => onUncaught('uncaught', err));
process.on('unhandledRejection', (err) =>
  onUncaught('unhandled rejection', err)
);
process.on('warning', (w) => {
  if (current && !/ExperimentalWarning|DeprecationWarning/.test(w.name)) {
    current.trace.add('proc', `warning ${w.name} ${w.code || ''}`);
  }
});

if (process.argv.includes('--once')) {
  process.once('message', async (scenario) => {
    const streams = await runOne(scenario);
    process.send({ streams }, () => process.disconnect());
  });
} else {
  process.on('message', async (scenario) => {
    if (scenario === 'stats') process.send({ stats: stats() });
    else process.send({ streams: await runOne(scenario) });
  });
  process.on('disconnect', () => process.exit());
}
process.send({ ready: true });

function stats() {
  globalThis.gc?.();
  return {
    ...process.memoryUsage(),
    fds: fs.readdirSync('/proc/self/fd').length
  };
}

async function runOne(scenario) {
  const run = new Run(scenario);
  current = run;
  await turn();
  const before = resources();
  try {
    if (scenario.apart) await runApart(run, packages);
    else {
      await runTogether(run);
      await leftBehind(run, before);
    }
  } catch (err) {
    run.trace.add('proc', `RUNNER FAILED ${err.stack}`);
  }
  current = null;
  return run.trace.streams;
}

async function runTogether(run) {
  const { scenario } = run;
  await open(run, packages);
  if (
    scenario.settle ||
    (!scenario.racy && scenario.conns.some((c) => c.behind || c.onOpen))
  ) {
    await run.quiesce();
  }
  await run.steps();
  await finish(run);
}

/** Waits for handles to be closed, and writes down those that are not. */
async function leftBehind(run, before) {
  let over = [];

  for (let i = 0; i < 60; i++) {
    over = Object.entries(resources())
      .filter(([kind]) => /TCP|Pipe|Timeout|TLS|Immediate/.test(kind))
      .map(([kind, n]) => [kind, n - (before[kind] || 0)])
      .filter(([, n]) => n > 0);
    if (over.length === 0) return;
    await sleep(2);
  }
  const list = over.map(([kind, n]) => `${kind}+${n}`);
  run.trace.add('proc', `left behind ${list.join()}`);
}

function resources() {
  const counts = {};
  for (const kind of process.getActiveResourcesInfo()) {
    counts[kind] = (counts[kind] || 0) + 1;
  }
  return counts;
}
