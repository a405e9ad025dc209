// Calls with arguments of all kinds, in all states, on ws and on ws-rs, compared.
// docs/testing.md says what the options are.
//
//   node scripts/differential/arguments/index.mjs --seed 1 --runs 500
import path from 'node:path';
import { parseArgs } from 'node:util';
import { OPTIONS, Series } from '../handshake/series.mjs';
import { allowed } from './allowed.mjs';
import { kinds, makeScenario } from './scenario.mjs';

const { values: args } = parseArgs({
  options: { ...OPTIONS, kind: { type: 'string', default: kinds.join() } }
});
const found = await new Series(args, {
  allowed,
  main: path.join(import.meta.dirname, 'main.mjs'),
  scenariosOf: (seed) => [makeScenario(seed, args.kind.split(','))]
}).run();

process.exit(found > 0 ? 1 : 0);
