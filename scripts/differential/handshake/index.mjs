// Random opening handshakes on ws and on ws-rs, compared. docs/testing.md says
// what the options are.
//
//   node scripts/differential/handshake/index.mjs --kind client --runs 500
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificate } from './certificate.mjs';
import { clientScenario } from './client-scenario.mjs';
import { differing, shrink } from './judge.mjs';
import { Runner } from './process.mjs';
import { print, show } from './report.mjs';
import { serverScenario } from './server-scenario.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);
const { values: args } = parseArgs({
  options: {
    dump: { type: 'boolean', default: false },
    file: { type: 'string' },
    impl: { type: 'string', default: ROOT },
    kind: { type: 'string', default: 'both' },
    lanes: { type: 'string', default: '2' },
    minutes: { type: 'string', default: 'Infinity' },
    'no-shrink': { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    ws: { type: 'string' }
  }
});
const settings = {
  node: args.node,
  tlsDir: makeCertificate(),
  impl: path.resolve(args.impl),
  ws: path.resolve(
    args.ws ??
      path.dirname(require.resolve('ws/package.json', { paths: [ROOT] }))
  )
};
const begun = Date.now();
const kinds = args.kind === 'both' ? ['client', 'server'] : [args.kind];
const make = { client: clientScenario, server: serverScenario };
const seen = new Map();
let count = 0;
let found = 0;

function makePair() {
  return {
    ws: new Runner(settings.ws, settings),
    rs: new Runner(settings.impl, settings)
  };
}

if (args.file) {
  const pair = makePair();
  const scenario = JSON.parse(fs.readFileSync(args.file, 'utf8'));
  if (Array.isArray(scenario)) {
    for (const each of scenario) await one(each, pair);
  } else if (args.dump) {
    for (const name of ['ws', 'rs']) {
      console.log(`--- ${name}`);
      print(await pair[name].run(scenario));
    }
  }
  if (!Array.isArray(scenario)) await one(scenario, pair);
} else {
  const first = Number(args.seed);
  const end = first + Number(args.runs);
  let next = first;
  await Promise.all(
    Array.from({ length: Number(args.lanes) }, async () => {
      const pair = makePair();
      while (next < end && Date.now() - begun < Number(args.minutes) * 60000) {
        const seed = next++;
        for (const kind of kinds) await one(make[kind](seed), pair);
      }
      pair.ws.stop();
      pair.rs.stop();
    })
  );
}
console.log(
  `${count} scenarios (${kinds}), ${found} mismatches, ` +
    `${Math.round((Date.now() - begun) / 1000)} s`
);
for (const [what, n] of seen) console.log(`  ${n} × ${what}`);
process.exit(found > 0 ? 1 : 0);

async function one(scenario, pair) {
  const result = await differing(scenario, pair);
  count++;
  if (!result) return;
  found++;
  const what = result.signature;
  const number = (seen.get(what) ?? 0) + 1;
  seen.set(what, number);
  console.log(
    `\n=== ${scenario.kind} seed ${scenario.seed} (${number}): ${what}`
  );
  if (number > 2) return;
  let smallest = { scenario, result };
  if (!args['no-shrink']) {
    smallest = await shrink(scenario, result, pair, 40000);
  }
  show(smallest.result);
  console.log(`JSON ${JSON.stringify(smallest.scenario)}`);
}
