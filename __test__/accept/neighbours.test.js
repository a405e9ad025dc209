'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { Place, approach } = require('../../lib/accept/neighbours');

const to = (hostname, port) => ({ hostname, port, socketPath: undefined });

describe('Place', () => {
  it('is awaited while clients of this process are on their way to it', () => {
    let count = 0;
    const place = new Place({ address: '0.0.0.0', port: 70001 }, () => count++);

    assert.strictEqual(place.isAwaited, false);
    // An address has its port as a string, if it says one.
    const arrivals = ['localhost', '127.0.0.1', '127.1.2.3', '::1'].map(
      (host) => approach(to(host, '70001'))
    );

    assert.strictEqual(count, 1);
    for (const arrive of arrivals) {
      assert.strictEqual(place.isAwaited, true);
      arrive();
    }
    assert.strictEqual(place.isAwaited, false);
    approach(to('localhost', 70001))();
    assert.strictEqual(count, 2);
    place.close();
  });

  it('is nothing to clients that connect to other ports and machines', () => {
    const place = new Place({ address: '::', port: 70002 }, assert.fail);

    assert.strictEqual(approach(to('localhost', '70003')), null);
    assert.strictEqual(approach(to('127.0.0.1.example.org', '70002')), null);
    assert.strictEqual(approach(to('192.168.0.1', '70002')), null);
    place.close();
  });

  it('has the path of a Unix socket', () => {
    const place = new Place('/tmp/neighbour', () => {});
    const target = { hostname: '', port: 80, socketPath: '/tmp/neighbour' };
    const arrive = approach(target);

    assert.strictEqual(place.isAwaited, true);
    arrive();
    place.close();
    assert.strictEqual(approach(target), null);
  });

  it('leaves another one that has its port alone when it is closed', () => {
    const first = new Place({ address: '127.0.0.1', port: 70004 }, () => {});
    const second = new Place({ address: '127.0.0.2', port: 70004 }, () => {});

    first.close();
    approach(to('127.0.0.2', 70004));
    assert.strictEqual(second.isAwaited, true);
    second.close();
    assert.strictEqual(approach(to('127.0.0.2', 70004)), null);
  });
});
