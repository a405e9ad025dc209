'use strict';

// Several servers at once, in turns: each has a process and a load generator of
// its own, and all but one rest.

const { Generator } = require('./generator');
const {
  echoLoad,
  echoValues,
  generatorPin,
  startServer,
  target,
  withComplaint
} = require('./measure');

/** Seconds that a slice takes, before its last answers. */
const sliceSeconds = 0.1;

/**
 * Takes one sample of each server: fresh processes, one echo workload. All are
 * warmed up; then they take turns of a slice each until all have had
 * `plan.seconds`. A disturbance longer than a slice falls on all of them.
 *
 * @param {{ name: string }[]} servers
 * @param {Workload} workload
 * @param {Object} plan As for `measure`
 * @return {Promise<Object[]>} Numbers by name as of `measure`, by server
 * @throws {Error} If a server or a generator fails
 */
async function measureInSlices(servers, workload, plan) {
  const lanes = servers.map((server) => new Lane(server));

  try {
    for (const lane of lanes) await lane.open(workload, plan);
    for (const lane of turns(lanes, sliceCount(plan)).flat()) {
      await lane.slice();
    }
    return await Promise.all(lanes.map((lane) => lane.values()));
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

/** @return {number} How many slices each server has in a round */
function sliceCount({ seconds }) {
  return Math.max(2, 2 * Math.round(seconds / sliceSeconds / 2));
}

/**
 * The order of turns: A B, B A, B A, A B, and again.
 * What grows or shrinks steadily adds the same to all.
 *
 * @param {T[]} list
 * @param {number} times How often each has its turn
 * @return {T[][]} The list, forth or back
 * @template T
 */
function turns(list, times) {
  const back = list.toReversed();

  return Array.from({ length: times }, (_, index) =>
    ((index + 1) >> 1) % 2 === 0 ? list : back
  );
}

/** A server and the load generator that works on it. */
class Lane {
  #name;
  #server = null;
  #generator = null;

  /** @param {{ name: string }} server */
  constructor({ name }) {
    this.#name = name;
  }

  /** Starts the server, opens the connections and warms both up. */
  async open(workload, plan) {
    this.#server = await this.#checked(startServer(this.#name, workload, plan));
    this.#generator = new Generator(
      [
        ...target(this.#server, workload),
        ...echoLoad(workload, { ...plan, seconds: sliceSeconds }),
        '--slices'
      ],
      generatorPin(plan)
    );
    await this.#checked(this.#generator.next());
  }

  /** Runs the workload for the time of a slice. */
  async slice() {
    this.#generator.proceed();
    await this.#checked(this.#generator.next());
  }

  /**
   * @return {Promise<Object>} Numbers by name, of all slices; CPU time also of
   *   what the server put off and did while it rested
   */
  async values() {
    return echoValues(await this.#checked(this.#generator.finish()));
  }

  /** Stops both; also in the middle. */
  async close() {
    await this.#generator?.stop();
    await this.#server?.stop();
  }

  async #checked(promise) {
    try {
      return await promise;
    } catch (error) {
      const { message } = withComplaint(error, this.#server ?? {});
      throw new Error(`${this.#name}: ${message}`);
    }
  }
}

module.exports = { measureInSlices, sliceSeconds, turns };
