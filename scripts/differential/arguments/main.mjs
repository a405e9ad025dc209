// Carries out scenarios of arguments on one package: started by the Runner as
//   node main.mjs DIR TLSDIR
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Trace } from '../handshake/common.mjs';
import { runClient } from './client-run.mjs';
import { errorText } from './describe.mjs';
import { runFlow } from './flow-run.mjs';
import { prepare } from './open.mjs';
import { runParts } from './parts-run.mjs';
import { runServer } from './server-run.mjs';
import { runShape } from './shape-run.mjs';
import { runSocket } from './socket-run.mjs';

const [dir, tlsDir] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const env = {
  WebSocket: require(path.resolve(dir)),
  tls: {
    key: fs.readFileSync(path.join(tlsDir, 'key.pem')),
    cert: fs.readFileSync(path.join(tlsDir, 'cert.pem'))
  }
};
const runners = {
  client: runClient,
  flow: runFlow,
  parts: runParts,
  server: runServer,
  shape: runShape,
  socket: runSocket,
  stream: runSocket
};
let trace = null;

const note = (what) => (err) =>
  trace?.add('program', `${what} ${errorText(err)}`);
process.on('uncaughtException', note('uncaught'));
process.on('unhandledRejection', note('unhandled rejection'));
process.on('warning', (warning) => {
  if (/Experimental|Deprecation/.test(warning.name)) return;
  // How many listeners there are is in the words of Node, with the objects.
  trace?.add('program', `warning ${warning.name} ${warning.code ?? ''}`);
});
process.on('disconnect', () => process.exit());

await prepare(env);

process.on('message', async (scenario) => {
  trace = new Trace();
  for (const name of ['raw', 'secure', 'sock']) {
    trace.names.push([String(env[name]), `{${name}}`]);
  }
  try {
    await runners[scenario.kind](scenario, env, trace);
  } catch (err) {
    trace.add('program', `RUNNER FAILED ${errorText(err)}`);
  }
  const { streams } = trace;
  trace = null;
  process.send({ streams });
});
process.send({ ready: true });
