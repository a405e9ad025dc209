'use strict';

/** Servers of so many kinds; `node` is one that accepts nothing natively. */
const KINDS = ['port', 'port', 'http', 'node', 'https', 'tls', 'duplex'];

/** @return {Object} What a run is about: servers, their options, and what peers offer */
function makeConfig(random) {
  const deflate = random.chance(0.6)
    ? {
        ...(random.chance(0.3) && { serverNoContextTakeover: true }),
        ...(random.chance(0.3) && { clientNoContextTakeover: true }),
        ...(random.chance(0.3) && { serverMaxWindowBits: random.int(8, 15) }),
        ...(random.chance(0.5) && {
          threshold: random.pick([0, 1, 100, 1024, 20_000])
        }),
        ...(random.chance(0.3) && { idleTimeout: random.pick([1, 5, 50]) }),
        ...(random.chance(0.2) && {
          zlibDeflateOptions: {
            level: random.int(0, 9),
            memLevel: random.int(1, 9),
            strategy: random.int(0, 4)
          }
        }),
        ...(random.chance(0.2) && { concurrencyLimit: random.pick([0, 1, 2]) })
      }
    : random.chance(0.1);
  const offers = [''];

  if (deflate) {
    offers.push('permessage-deflate');
    for (let i = 0; i < 3; i++) {
      offers.push(
        'permessage-deflate' +
          (random.chance(0.4)
            ? `; server_max_window_bits=${random.int(8, 15)}`
            : '') +
          (random.chance(0.4)
            ? `; client_max_window_bits=${random.int(9, 15)}`
            : '') +
          (random.chance(0.3) ? '; server_no_context_takeover' : '') +
          (random.chance(0.3) ? '; client_no_context_takeover' : '') +
          ', permessage-deflate'
      );
    }
  }

  const kinds = [random.pick(KINDS)];

  if (random.chance(0.4)) kinds.push(random.pick(KINDS));

  return {
    deflate,
    heartbeat: random.chance(0.2)
      ? { interval: random.pick([2, 10, 50]), timeout: 20_000 }
      : undefined,
    ioThreads: random.chance(0.35) ? random.int(1, 2) : 0,
    kinds,
    ...(random.chance(0.4) && {
      maxBackpressure: random.pick([1, 500, 5000, 64 * 1024, 1024 * 1024]),
      onBackpressure: random.pick([
        'close',
        'drop',
        'function',
        'function',
        'drop'
      ])
    }),
    names: ['', 'a', '\ud800', 'room 2'],
    offers,
    peers: random.int(1, 9)
  };
}

module.exports = makeConfig;
