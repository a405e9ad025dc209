// Options with what they expect, nearly expect, or anything.
import { any, callback, code, fields, flag, number } from './arguments.mjs';

const LIMITS = [
  'maxPayload',
  'maxFragments',
  'maxBufferedChunks',
  'maxPendingAutoPongs'
];
const FLAGS = ['allowSynchronousEvents', 'autoPong', 'skipUTF8Validation'];

/** One or two of them are strange: with all of them strange nothing would work. */
function few(r, makers, count) {
  const names = Object.keys(makers);
  const options = {};
  for (let i = 0; i < count; i++) {
    const name = r.pick(names);
    options[name] = makers[name](r, name);
  }
  return options;
}

const shared = {
  ...Object.fromEntries(LIMITS.map((name) => [name, number])),
  ...Object.fromEntries(FLAGS.map((name) => [name, flag])),
  closeTimeout: number,
  perMessageDeflate: deflateOptions
};

export function clientOptions(r) {
  return few(
    r,
    {
      ...shared,
      protocolVersion: (x) => (x.chance(0.5) ? x.pick([8, 13, '13']) : any(x)),
      protocols: (x) => (x.chance(0.5) ? x.pick(['a', ['a', 'b']]) : any(x)),
      origin: any,
      followRedirects: flag,
      maxRedirects: number,
      handshakeTimeout: (x) => (x.chance(0.5) ? 1000 : any(x)),
      generateMask: () => ({ $: 'mask', arg: [1, 2, 3, 4] }),
      finishRequest: (x) => (x.chance(0.5) ? { $: 'finish' } : callback(x)),
      headers: (x) =>
        x.chance(0.6) ? fields(x, ['X-A', 'Host', 'Cookie'], any) : any(x),
      auth: any,
      agent: any,
      createConnection: (x) => (x.chance(0.5) ? callback(x) : any(x)),
      timeout: number,
      method: any,
      path: any,
      port: any,
      host: any,
      hostname: any,
      protocol: any,
      socketPath: any,
      family: number,
      lookup: any,
      localAddress: any,
      signal: any,
      defaultPort: number,
      setHost: flag,
      insecureHTTPParser: flag,
      maxHeaderSize: number,
      joinDuplicateHeaders: flag,
      uniqueHeaders: any,
      constructor: any
    },
    r.int(0, 3)
  );
}

export function serverOptions(r) {
  const mode = r.weigh([
    [5, { port: 0, host: '127.0.0.1' }],
    [3, { server: { $: 'httpServer' } }],
    [3, { noServer: true }],
    [1, { port: any(r) }],
    [1, { server: any(r) }],
    [1, { noServer: any(r) }],
    [1, { port: any(r), server: any(r), noServer: any(r) }]
  ]);
  return {
    ...mode,
    ...few(
      r,
      {
        ...shared,
        backlog: (x) => x.pick([5, '5', null, -1, 1.5]),
        clientTracking: flag,
        handleProtocols: callback,
        path: (x) => (x.chance(0.6) ? x.pick(['/path', '/other', '']) : any(x)),
        verifyClient: callback,
        WebSocket: any,
        // A name that the program may give to the option of an interface.
        host: (x) => (mode.port === 0 ? '127.0.0.1' : any(x))
      },
      r.int(0, 3)
    )
  };
}

const WINDOW = (r) =>
  r.chance(0.7)
    ? r.pick([true, false, null, 8, 9, 15, 10, 16, 7, '9'])
    : any(r);

export function deflateOptions(r) {
  if (r.chance(0.3)) return r.chance(0.5) ? r.pick([true, false]) : any(r);
  return few(
    r,
    {
      serverNoContextTakeover: flag,
      clientNoContextTakeover: flag,
      serverMaxWindowBits: WINDOW,
      clientMaxWindowBits: WINDOW,
      threshold: number,
      concurrencyLimit: () => 10,
      isServer: flag,
      maxPayload: number,
      zlibDeflateOptions: (x) =>
        x.pick([undefined, null, {}, { level: 1 }, { memLevel: 8 }].slice(1)),
      zlibInflateOptions: () => ({ chunkSize: 1024 }),
      params: any,
      other: code
    },
    r.int(0, 4)
  );
}
