'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const Limiter = require('../../lib/compression/limiter');

describe('Limiter', () => {
  it('has no limit for 0 and for nothing', () => {
    assert.strictEqual(new Limiter(0).concurrency, Infinity);
    assert.strictEqual(new Limiter().concurrency, Infinity);
  });

  it('starts a job at once while there is room', () => {
    const limiter = new Limiter(2);
    let started = 0;

    for (let i = 0; i < 5; i++) limiter.add(() => started++);

    assert.strictEqual(started, 2);
    assert.strictEqual(limiter.pending, 2);
    assert.strictEqual(limiter.jobs.length, 3);
  });

  it('starts the waiting jobs in order as others are done', () => {
    const limiter = new Limiter(1);
    const started = [];
    const finish = [];

    for (const name of ['a', 'b', 'c']) {
      limiter.add((done) => {
        started.push(name);
        finish.push(done);
      });
    }

    assert.deepStrictEqual(started, ['a']);
    finish.shift()();
    assert.deepStrictEqual(started, ['a', 'b']);
    finish.shift()();
    finish.shift()();
    assert.deepStrictEqual(started, ['a', 'b', 'c']);
    assert.strictEqual(limiter.pending, 0);
  });

  it('runs a job that is added from within another one', () => {
    const limiter = new Limiter(1);
    const started = [];

    limiter.add((done) => {
      started.push('outer');
      limiter.add((innerDone) => {
        started.push('inner');
        innerDone();
      });
      assert.deepStrictEqual(started, ['outer']);
      done();
    });

    assert.deepStrictEqual(started, ['outer', 'inner']);
    assert.strictEqual(limiter.pending, 0);
  });
});
