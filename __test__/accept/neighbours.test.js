'use strict';

const assert = require('node:assert');
const { describe, it } = require('node:test');

const { Place, approach, arrive } = require('../../lib/accept/neighbours');
const { resolveUrl, toTarget } = require('../../lib/handshake/client-url');
const { WebSocket } = require('../support/implementation');

/** A request that is on its way to where a URL says. */
function onWayTo(url) {
  const request = {};

  approach(request, toTarget(resolveUrl(url)));
  return request;
}

const onPort = (port) => new Place({ address: '::', port }, () => {});

describe('Place', () => {
  it('is awaited while clients of this process are on their way to it', () => {
    let count = 0;
    const place = new Place({ address: '0.0.0.0', port: 50001 }, () => count++);

    assert.strictEqual(place.isAwaited, false);

    const requests = ['ws://localhost:50001', 'wss://127.0.0.1:50001'].map(
      onWayTo
    );

    assert.strictEqual(count, 1);
    for (const request of requests) {
      assert.strictEqual(place.isAwaited, true);
      arrive(request);
      // It arrives once.
      arrive(request);
    }
    assert.strictEqual(place.isAwaited, false);
    arrive(onWayTo('ws://localhost:50001'));
    assert.strictEqual(count, 2);
    place.close();
  });

  for (const host of [
    'localhost',
    'LOCALHOST.',
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]'
  ]) {
    it(`is awaited by those on their way to ${host}`, () => {
      const place = onPort(50002);
      const request = onWayTo(`ws://${host}:50002`);

      assert.strictEqual(place.isAwaited, true);
      arrive(request);
      assert.strictEqual(place.isAwaited, false);
      place.close();
    });
  }

  it('is nothing to clients that connect to other ports and machines', () => {
    const place = new Place({ address: '::', port: 50003 }, assert.fail);

    for (const url of [
      'ws://localhost:50004',
      'ws://127.0.0.1.example.org:50003',
      'ws://localhost.example.org:50003',
      'ws://192.168.0.1:50003',
      'ws://[::2]:50003',
      'ws://[::ffff:192.168.0.1]:50003'
    ]) {
      const request = onWayTo(url);

      assert.strictEqual(place.isAwaited, false);
      arrive(request);
    }
    place.close();
  });

  it('has the path of a Unix socket', () => {
    const place = new Place('/tmp/neighbour', () => {});
    const request = onWayTo('ws+unix:/tmp/neighbour:/path');

    assert.strictEqual(place.isAwaited, true);
    arrive(request);
    assert.strictEqual(place.isAwaited, false);
    place.close();
  });

  it('finds those that set out before it was there', () => {
    const early = onWayTo('ws://localhost:50005');
    const place = onPort(50005);

    assert.strictEqual(place.isAwaited, true);
    arrive(early);
    assert.strictEqual(place.isAwaited, false);
    place.close();
  });

  it('finds those that set out for another one that was there', () => {
    const first = onPort(50006);
    const request = onWayTo('ws://localhost:50006');

    first.close();

    const second = onPort(50006);

    assert.strictEqual(second.isAwaited, true);
    arrive(request);
    assert.strictEqual(second.isAwaited, false);
    second.close();
  });

  it('leaves another one that has its port alone when it is closed', () => {
    let count = 0;
    const first = onPort(50007);
    const second = new Place({ address: '::1', port: 50007 }, () => count++);

    first.close();

    const request = onWayTo('ws://[::1]:50007');

    assert.strictEqual(second.isAwaited, true);
    assert.strictEqual(count, 1);
    arrive(request);
    second.close();
  });

  it('leaves the next one that has its port alone when it is closed again', () => {
    const first = onPort(50009);

    first.close();

    const second = onPort(50009);

    first.close();

    const request = onWayTo('ws://localhost:50009');

    assert.strictEqual(second.isAwaited, true);
    arrive(request);
    second.close();
  });

  it('is awaited by all who share a port', () => {
    const told = [];
    const places = [1, 2].map(
      (name) => new Place({ address: '::', port: 50008 }, () => told.push(name))
    );
    const request = onWayTo('ws://localhost:50008');

    assert.deepStrictEqual(told, [1, 2]);
    for (const place of places) {
      assert.strictEqual(place.isAwaited, true);
      place.close();
    }
    arrive(request);
  });
});

describe('A client that was on its way', () => {
  const URL = 'ws://localhost:50010';
  const never = () => undefined;

  /** Has a client set out, and asserts that its server awaits it. */
  function setOut(t, options) {
    const place = onPort(50010);
    const client = new WebSocket(URL, options);

    t.after(() => place.close());
    client.on('error', () => {});
    assert.strictEqual(place.isAwaited, true);
    return { client, place };
  }

  it('is not awaited any more once it was terminated, though it never gets a socket', (t) => {
    const { client, place } = setOut(t, { createConnection: never });

    client.terminate();
    assert.strictEqual(place.isAwaited, false);
  });

  it('is not awaited any more once it was closed, though its request was never ended', (t) => {
    const { client, place } = setOut(t, {
      createConnection: never,
      finishRequest: never
    });

    client.close();
    assert.strictEqual(place.isAwaited, false);
  });

  it('is not awaited any more once "finishRequest" has thrown', (t) => {
    const place = onPort(50010);
    let isAwaited;

    t.after(() => place.close());
    assert.throws(
      () =>
        new WebSocket(URL, {
          createConnection: never,
          finishRequest() {
            isAwaited = place.isAwaited;
            throw new Error('no');
          }
        }),
      { message: 'no' }
    );
    assert.strictEqual(isAwaited, true);
    assert.strictEqual(place.isAwaited, false);
  });

  it('is not awaited any more once its request could not be sent', async (t) => {
    const { client, place } = setOut(t, {
      createConnection: (options, callback) => callback(new Error('no'))
    });

    await new Promise((resolve) => client.on('close', resolve));
    assert.strictEqual(place.isAwaited, false);
  });
});
