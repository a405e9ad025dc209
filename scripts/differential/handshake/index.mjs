// Random opening handshakes on ws and on ws-rs, compared. docs/testing.md says
// what the options are.
//
//   node scripts/differential/handshake/index.mjs --kind client --runs 500
import { parseArgs } from 'node:util';
import { clientScenario } from './client-scenario.mjs';
import { OPTIONS, Series } from './series.mjs';
import { serverScenario } from './server-scenario.mjs';

const { values: args } = parseArgs({
  options: { ...OPTIONS, kind: { type: 'string', default: 'both' } }
});
const kinds = args.kind === 'both' ? ['client', 'server'] : [args.kind];
const make = { client: clientScenario, server: serverScenario };
const found = await new Series(args, {
  scenariosOf: (seed) => kinds.map((kind) => make[kind](seed)),
  title: ` (${kinds})`
}).run();

process.exit(found > 0 ? 1 : 0);
