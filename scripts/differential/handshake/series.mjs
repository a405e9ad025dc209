// What the fuzzers of handshakes and of arguments share: their options, and a series
// of scenarios, each carried out on two packages and reported where these differ.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { makeCertificate } from './certificate.mjs';
import { differing, shrink } from './judge.mjs';
import { Runner } from './process.mjs';
import { print, show } from './report.mjs';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const require = createRequire(import.meta.url);

/** For `parseArgs()`. docs/testing.md says what they are. */
export const OPTIONS = {
  dump: { type: 'boolean', default: false },
  file: { type: 'string' },
  impl: { type: 'string', default: ROOT },
  lanes: { type: 'string', default: '2' },
  minutes: { type: 'string', default: 'Infinity' },
  'no-shrink': { type: 'boolean', default: false },
  node: { type: 'string', default: process.execPath },
  runs: { type: 'string', default: '200' },
  seed: { type: 'string', default: '1' },
  'shrink-seconds': { type: 'string', default: '40' },
  times: { type: 'string', default: '3' },
  ws: { type: 'string' }
};

export class Series {
  /**
   * @param {Object} args What `parseArgs()` made of `OPTIONS`
   * @param {Object} how How scenarios are made and compared
   * @param {Function} how.scenariosOf Gives the scenarios of a seed
   * @param {Function} [how.allowed] Leaves out of a trace what may differ
   * @param {String} [how.main] The program that carries them out
   * @param {String} [how.title] What is said behind their number
   */
  constructor(args, { allowed, main, scenariosOf, title = '' }) {
    this._args = args;
    this._allowed = allowed;
    this._scenariosOf = scenariosOf;
    this._title = title;
    this._settings = {
      main,
      // Not so a name that is looked up in PATH.
      node: args.node.includes('/') ? path.resolve(args.node) : args.node,
      tlsDir: makeCertificate()
    };
    this._seen = new Map();
    this._begun = Date.now();
    this._count = 0;
    this._found = 0;
  }

  /**
   * Carries them out: those of `--file`, or of all seeds.
   *
   * @return {Promise<Number>} How many differ
   */
  async run() {
    const { file, lanes } = this._args;

    if (file) await this._runFile(file);
    else await this._runSeeds(Number(lanes));

    console.log(
      `${this._count} scenarios${this._title}, ${this._found} mismatches, ` +
        `${Math.round((Date.now() - this._begun) / 1000)} s`
    );
    for (const [what, n] of this._seen) console.log(`  ${n} × ${what}`);
    return this._found;
  }

  async _runFile(file) {
    const pair = this._makePair();

    for (const scenario of [JSON.parse(fs.readFileSync(file, 'utf8'))].flat()) {
      if (this._args.dump) {
        for (const name of ['ws', 'rs']) {
          console.log(`--- ${name}`);
          print(await pair[name].run(scenario));
        }
      }
      await this._compare(scenario, pair);
    }
  }

  async _runSeeds(lanes) {
    const { minutes, runs, seed } = this._args;
    const end = Number(seed) + Number(runs);
    const last = this._begun + Number(minutes) * 60_000;
    let next = Number(seed);

    await Promise.all(
      Array.from({ length: lanes }, async () => {
        const pair = this._makePair();

        while (next < end && Date.now() < last) {
          for (const scenario of this._scenariosOf(next++)) {
            await this._compare(scenario, pair);
          }
        }
        pair.ws.stop();
        pair.rs.stop();
      })
    );
  }

  _makePair() {
    const { impl, ws } = this._args;
    const peer =
      ws ?? path.dirname(require.resolve('ws/package.json', { paths: [ROOT] }));

    return {
      allowed: this._allowed,
      ws: new Runner(path.resolve(peer), this._settings),
      rs: new Runner(path.resolve(impl), this._settings)
    };
  }

  /** Compares one scenario, and prints a difference with the smallest that shows it. */
  async _compare(scenario, pair) {
    const args = this._args;
    const result = await differing(scenario, pair, Number(args.times));

    this._count++;
    if (!result) return;
    this._found++;

    const what = result.signature;
    const number = (this._seen.get(what) ?? 0) + 1;

    this._seen.set(what, number);
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
}
