// Runs the same random scenarios on ws and on ws-rs and reports where they
// differ. docs/testing.md says what is compared and what the options are.
//
//   npm run test:differential -- --seed 1 --runs 500
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { MODES } from './compare/modes.mjs';
import { makeScenario } from './generate/index.mjs';
import { judge, kindOf, show } from './judge.mjs';
import { settingsOf } from './settings.mjs';
import { describe, shrink } from './shrink.mjs';
import { Worker } from './worker.mjs';

const settings = settingsOf(process.argv.slice(2));
const { impl, wsDir } = settings;

MODES.stream = settings.transport === 'stream';
const started = Date.now();
const signatures = new Map();
let count = 0;
let found = 0;

const makePair = (once) => ({
  ws: new Worker(wsDir, settings, once),
  rs: new Worker(impl, settings, once)
});

if (settings.case !== undefined || settings.file) await single();
else await many();

const version = execFileSync(settings.node, ['--version']).toString().trim();
report(
  `${count} scenarios, ${found} mismatches, transport ${settings.transport}, ` +
    `${version}, ${seconds()} s`
);
for (const [signature, n] of signatures) report(`  ${n} × ${signature}`);
process.exit(found > 0 ? 1 : 0);

function report(text) {
  console.log(text);
  if (settings.out) fs.appendFileSync(settings.out, `${text}\n`);
}

function seconds() {
  return Math.round((Date.now() - started) / 1000);
}

async function single() {
  const scenario = settings.file
    ? JSON.parse(fs.readFileSync(settings.file, 'utf8'))
    : makeScenario(Number(settings.case), settings.limits);
  const pair = makePair();

  console.log(describe(scenario));
  if (settings.dump) {
    for (const name of ['ws', 'rs']) {
      console.log(`--- ${name}`);
      const trace = await pair[name].run(scenario);
      for (const [stream, lines] of Object.entries(trace)) {
        console.log(stream);
        for (const line of lines) console.log(`   ${line}`.slice(0, 400));
      }
    }
  }
  await one(scenario, pair);
}

async function many() {
  let next = settings.firstSeed;
  const more = () =>
    next < settings.firstSeed + settings.runs &&
    Date.now() - started < settings.budget;

  const lane = async (first) => {
    const pair = makePair();
    let last = Date.now();

    while (more()) {
      const seed = next++;
      const scenario = makeScenario(seed, settings.limits);
      const begun = Date.now();

      await one(scenario, pair);
      if (settings.verbose) {
        console.log(`${seed}: ${Date.now() - begun} ms, ${title(scenario)}`);
      }
      if (first && Date.now() - last > 60000) {
        last = Date.now();
        await progress(pair, seed);
      }
    }
    pair.ws.stop();
    pair.rs.stop();
  };
  const lanes = Array.from({ length: settings.lanes }, (_, i) => lane(i === 0));

  await Promise.all(lanes);
}

function title({ apart, conns, peer, role, transport }) {
  return `${transport} ${role} ${apart ? 'apart' : `${peer} ${conns.length}`}`;
}

async function progress(pair, seed) {
  const line = (s) =>
    s
      ? `rss ${s.rss >> 20} MiB, external ${s.external >> 20} MiB, fds ${s.fds}`
      : 'not running';
  report(
    `[${seconds()} s] ${count} scenarios to seed ${seed}, ${found} ` +
      `mismatches; ws: ${line(await pair.ws.stats())}; ` +
      `ws-rs: ${line(await pair.rs.stats())}`
  );
}

async function one(scenario, pair) {
  const { except, isolate, order, shrinkEach, shrinkMs } = settings;
  const result = await judge(scenario, isolate ? makePair(true) : pair, {
    except,
    order
  });

  count++;
  if (!result) return;
  found++;
  const signature =
    [...new Set(result.bad.map(kindOf))].sort().join() +
    (result.wrong.length ? ' !' : '');
  const seen = (signatures.get(signature) || 0) + 1;

  signatures.set(signature, seen);
  report(
    `\n=== MISMATCH seed ${scenario.seed} (${signature}; number ${seen} of ` +
      'the kind) ==='
  );
  report(show(result));
  if (seen > shrinkEach || isolate) return;

  const small = await shrink(scenario, result, pair, shrinkMs);
  report('--- smallest ---');
  report(describe(small.scenario));
  report(show(small.result));
  report(`JSON ${JSON.stringify(small.scenario)}`);
}
