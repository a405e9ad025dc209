// Carries out scenarios of the handshake on one package: started by process.mjs as
//   node main.mjs DIR TLSDIR
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { prepareClient, runClient } from './client-run.mjs';
import { Trace, errorText, sleep } from './common.mjs';
import { runServer } from './server-run.mjs';

const [dir, tlsDir] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const env = {
  WebSocket: require(path.resolve(dir)),
  tls: {
    key: fs.readFileSync(path.join(tlsDir, 'key.pem')),
    cert: fs.readFileSync(path.join(tlsDir, 'cert.pem'))
  },
  tlsDir
};
let trace = null;

process.on('uncaughtException', (err) => {
  if (trace) trace.add('program', `uncaught ${errorText(err)}`);
  else console.error('between scenarios:', err);
});
process.on('unhandledRejection', (err) => {
  trace?.add('program', `unhandled rejection ${errorText(err)}`);
});
process.on('warning', (w) => {
  if (!/Experimental|Deprecation/.test(w.name)) {
    trace?.add('program', `warning ${w.name} ${w.code ?? ''} ${w.message}`);
  }
});
process.on('disconnect', () => process.exit());

await prepareClient(env);

const counted = /TCP|PipeConnect|PipeServer|TLS/;
const counts = () => {
  const all = {};
  for (const kind of process.getActiveResourcesInfo()) {
    if (counted.test(kind)) all[kind] = (all[kind] ?? 0) + 1;
  }
  return all;
};

process.on('message', async (scenario) => {
  trace = new Trace();
  const before = counts();
  try {
    if (scenario.kind === 'client') await runClient(scenario, env, trace);
    else await runServer(scenario, env, trace);
    await leftBehind(before);
  } catch (err) {
    trace.add('program', `RUNNER FAILED ${err.stack}`);
  }
  const { streams } = trace;
  trace = null;
  process.send({ streams });
});
process.send({ ready: true });

async function leftBehind(before) {
  let over;
  for (let i = 0; i < 60; i++) {
    over = Object.entries(counts())
      .map(([kind, n]) => [kind, n - (before[kind] ?? 0)])
      .filter(([, n]) => n > 0);
    if (over.length === 0) return;
    await sleep(3);
  }
  trace.add('left', over.map(([kind, n]) => `${kind}+${n}`).join());
}
