'use strict';

/**
 * Runs at most so many jobs at the same time; the others wait their turn, first
 * come, first served.
 */
class Limiter {
  /**
   * @param {Number} [concurrency=Infinity] How many jobs may run at once; 0
   *     means no limit
   */
  constructor(concurrency) {
    this.concurrency = concurrency || Infinity;
    this.jobs = [];
    this.pending = 0;
  }

  /**
   * Runs a job now if there is room, else as soon as another one is done.
   *
   * @param {(done: () => void) => void} job The job; it must call `done` once
   */
  add(job) {
    this.jobs.push(job);
    this._fill();
  }

  /** @private */
  _fill() {
    while (this.pending < this.concurrency && this.jobs.length > 0) {
      const job = this.jobs.shift();

      this.pending++;
      job(() => {
        this.pending--;
        this._fill();
      });
    }
  }
}

module.exports = Limiter;
