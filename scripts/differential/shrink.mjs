// Makes a scenario smaller as long as it shows the same mismatch.
import { judge } from './judge.mjs';

/** Keys of steps that may be left out one by one. */
const EXTRAS = [
  ...['split', 'pieces', 'cb', 'cbDo', 'cbThrow', 'binary', 'compress'],
  ...['after', 'do', 'removeSelf', 'mask']
];

/**
 * @param {Object} scenario
 * @param {Object} first What judge() found in it
 * @param {{ws: Worker, rs: Worker}} pair
 * @param {Number} ms How long to try
 * @return {Promise<{scenario: Object, result: Object}>}
 */
export async function shrink(scenario, first, pair, ms) {
  const shrinker = new Shrinker(scenario, first, pair, Date.now() + ms);

  await shrinker.steps();
  await shrinker.connections();
  if (!scenario.apart) await shrinker.options();
  await shrinker.extras();
  return { scenario: shrinker.best, result: shrinker.result };
}

/** A scenario as text, step by step. */
export function describe(s) {
  const extras = [
    s.settle ? '' : ', steps at once',
    s.noServer ? ', noServer' : '',
    s.racy ? ', racy' : '',
    s.apart ? `, in a process of its own, in '${s.where}'` : ''
  ].join('');
  const deflate = s.deflate ? ` deflate ${JSON.stringify(s.deflate)}` : '';

  return [
    `seed ${s.seed}: ${s.transport}, under test: ${s.role}, ` +
      `peer: ${s.peer}, end: ${s.finish}${extras}`,
    `  options ${JSON.stringify(s.options)}${deflate}`,
    ...s.conns
      .map((conn, c) => `  connection ${c}: ${JSON.stringify(conn)}`)
      .filter((line) => !line.endsWith('{}'))
      .map((line) => line.slice(0, 700)),
    ...s.steps.map((step) => `  - ${JSON.stringify(step).slice(0, 600)}`)
  ].join('\n');
}

class Shrinker {
  constructor(scenario, first, pair, until) {
    const grave = first.bad.filter(
      (name) => !/\.(socket|order|state)$/.test(name)
    );

    this.best = scenario;
    this.result = first;
    this._first = first;
    this._pair = pair;
    this._until = until;
    this._only = [grave, first.bad].find((names) => names.length > 0);
  }

  /** Leaves out steps, in ever smaller parts. */
  async steps() {
    await this._list(
      () => this.best.steps,
      (steps) => ({ ...this.best, steps }),
      0
    );
  }

  /** Leaves out connections that nobody uses. */
  async connections() {
    for (let c = this.best.conns.length - 1; c > 0; c--) {
      if (JSON.stringify(this.best.steps).includes(`"c":${c},`)) break;
      await this._try({ ...this.best, conns: this.best.conns.slice(0, c) });
    }
  }

  async options() {
    for (const key of Object.keys(this.best.options)) {
      const { [key]: left, ...options } = this.best.options;

      if (key !== 'perMessageDeflate') {
        await this._try({ ...this.best, options });
      } else if (this.best.deflate) {
        options.perMessageDeflate = false;
        await this._try({ ...this.best, options, deflate: null });
      }
    }
    for (let c = 0; c < this.best.conns.length; c++) {
      for (const key of Object.keys(this.best.conns[c])) {
        const { [key]: left, ...conn } = this.best.conns[c];
        await this._try({
          ...this.best,
          conns: this.best.conns.with(c, conn)
        });
      }
    }
    for (const simple of [
      { transport: 'tcp' },
      { finish: 'fin' },
      { noServer: false },
      { slowDuplex: false },
      { settle: true }
    ]) {
      const [[key, value]] = Object.entries(simple);
      if (this.best[key] !== value) {
        await this._try({ ...this.best, ...simple });
      }
    }
  }

  /** Leaves out parts of steps. */
  async extras() {
    const replace = (i, step) => ({
      ...this.best,
      steps: this.best.steps.with(i, step)
    });

    for (let i = 0; i < this.best.steps.length; i++) {
      const step = () => this.best.steps[i];

      if (step().frames) {
        await this._list(
          () => step().frames,
          (frames) => replace(i, { ...step(), frames }),
          1
        );
      }
      if (step().reaction) {
        await this._list(
          () => step().reaction.do,
          (list) =>
            replace(i, {
              ...step(),
              reaction: { ...step().reaction, do: list }
            }),
          1
        );
      }
      for (const key of EXTRAS) {
        if (step()[key] === undefined) continue;
        const { [key]: left, ...rest } = step();
        await this._try(replace(i, rest));
      }
      if (step().size > 20) {
        await this._try(replace(i, { ...step(), size: 20 }));
      }
    }
  }

  async _list(get, make, least) {
    let size = Math.ceil(get().length / 2);

    while (size >= 1) {
      for (let at = 0; at < get().length && Date.now() < this._until;) {
        const list = get().toSpliced(at, size);
        const done = list.length >= least && (await this._try(make(list)));
        if (!done) at += size;
      }
      size = size === 1 ? 0 : Math.ceil(size / 2);
    }
  }

  /** Takes a candidate if it shows the same. */
  async _try(candidate) {
    if (Date.now() > this._until) return false;
    const result = await judge(candidate, this._pair, {
      times: 2,
      only: this._only
    });

    if (!result) return false;
    if (this._first.bad.length === 0 && result.wrong.length === 0) return false;
    this.best = candidate;
    this.result = result;
    return true;
  }
}
