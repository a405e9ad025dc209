// Calls with arguments of all kinds, in all states, on ws and on ws-rs, compared.
// docs/testing.md says what the options are.
//
//   node scripts/differential/arguments/index.mjs --seed 1 --runs 500
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeCertificate } from '../handshake/certificate.mjs';
import { differing, shrink } from '../handshake/judge.mjs';
import { Runner } from '../handshake/process.mjs';
import { print, show } from '../handshake/report.mjs';
import { allowed } from './allowed.mjs';
import { kinds, makeScenario } from './scenario.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);
const { values: args } = parseArgs({
  options: {
    dump: { type: 'boolean', default: false },
    file: { type: 'string' },
    impl: { type: 'string', default: ROOT },
    kind: { type: 'string', default: kinds.join() },
    lanes: { type: 'string', default: '2' },
    minutes: { type: 'string', default: 'Infinity' },
    'no-shrink': { type: 'boolean', default: false },
    node: { type: 'string', default: process.execPath },
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    'shrink-seconds': { type: 'string', default: '30' },
    times: { type: 'string', default: '3' },
    ws: { type: 'string' }
  }
});
const settings = {
  node: args.node.includes('/') ? path.resolve(args.node) : args.node,
  main: path.join(import.meta.dirname, 'main.mjs'),
  tlsDir: makeCertificate(),
  impl: path.resolve(args.impl),
  ws: path.resolve(
    args.ws ??
      path.dirname(require.resolve('ws/package.json', { paths: [ROOT] }))
  )
};
const begun = Date.now();
const seen = new Map();
let count = 0;
let found = 0;

const makePair = () => ({
  allowed,
  ws: new Runner(settings.ws, settings),
  rs: new Runner(settings.impl, settings)
});

if (args.file) {
  const given = JSON.parse(fs.readFileSync(args.file, 'utf8'));
  const pair = makePair();
  for (const scenario of [given].flat()) {
    if (args.dump) {
      for (const name of ['ws', 'rs']) {
        console.log(`--- ${name}`);
        print(await pair[name].run(scenario));
      }
    }
    await one(scenario, pair);
  }
} else {
  const end = Number(args.seed) + Number(args.runs);
  let next = Number(args.seed);
  await Promise.all(
    Array.from({ length: Number(args.lanes) }, async () => {
      const pair = makePair();
      while (next < end && Date.now() - begun < Number(args.minutes) * 60000) {
        await one(makeScenario(next++, args.kind.split(',')), pair);
      }
      pair.ws.stop();
      pair.rs.stop();
    })
  );
}
console.log(
  `${count} scenarios, ${found} mismatches, ` +
    `${Math.round((Date.now() - begun) / 1000)} s`
);
for (const [what, n] of seen) console.log(`  ${n} × ${what}`);
process.exit(found > 0 ? 1 : 0);

async function one(scenario, pair) {
  const result = await differing(scenario, pair, Number(args.times));
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
    const budget = Number(args['shrink-seconds']) * 1000;
    smallest = await shrink(scenario, result, pair, budget);
  }
  show(smallest.result);
  console.log(`JSON ${JSON.stringify(smallest.scenario)}`);
}
