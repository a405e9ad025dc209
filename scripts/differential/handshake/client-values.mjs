// What options of a client can be that JSON cannot say.
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';

/**
 * @param {*} value Of a scenario
 * @param {Object} run What its functions need: `env`, `log(line)`, `act(ws, what)`
 * @return {*} With all { $ } in it made
 */
export function real(value, run) {
  if (typeof value === 'string') return run.fill(value);
  if (Array.isArray(value)) return value.map((v) => real(v, run));
  if (value === null || typeof value !== 'object') return value;
  if (value.$ !== undefined) {
    const make = makers[value.$];
    return make ? make(value.arg, run) : undefined;
  }
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, real(v, run)])
  );
}

const later = (f) => setTimeout(f, 3);

const makers = {
  undefined: () => undefined,
  NaN: () => NaN,
  // eslint-disable-next-line no-sparse-arrays
  sparse: () => [, 'a'],
  symbol: () => Symbol('s'),
  function: () => () => {},
  cert: (_, run) => run.env.tls.cert,

  agent(kind, run) {
    const Agent = run.isSecure ? https.Agent : http.Agent;
    const Other = run.isSecure ? http.Agent : https.Agent;
    const keep = (agent) => (run.agents.push(agent), agent);
    const custom = (createConnection) => {
      const agent = keep(new Agent());
      agent.createConnection = createConnection;
      return agent;
    };
    return {
      keep: () => keep(new Agent({ keepAlive: true })),
      plain: () => keep(new Agent()),
      one: () => keep(new Agent({ keepAlive: true, maxSockets: 1 })),
      false: () => false,
      null: () => null,
      wrong: () => 'agent',
      object: () => ({}),
      other: () => keep(new Other()),
      throws: () =>
        custom(() => {
          throw new Error('agent throws');
        }),
      undefinedSocket: () => custom(() => undefined),
      callback: () =>
        custom((options, cb) => void later(() => cb(null, dial(options, run)))),
      error: () =>
        custom((options, cb) => void later(() => cb(new Error('agent error'))))
    }[kind]?.();
  },

  createConnection(kind, run) {
    if (kind === 'string') return 'x';
    return (options, cb) => {
      run.log(
        `createConnection ${describeOptions(options)} callback ${typeof cb}`
      );
      switch (kind) {
        case 'plain':
          return dial(options, run);
        case 'duplex': {
          const socket = dial(options, run);
          const duplex = new Duplex({
            read() {},
            write(chunk, encoding, done) {
              socket.write(chunk, encoding, done);
            },
            final(done) {
              socket.end(done);
            },
            destroy(err, done) {
              socket.destroy();
              done(err);
            }
          });
          socket.on('data', (chunk) => duplex.push(chunk));
          socket.on('end', () => duplex.push(null));
          socket.on('error', (err) => duplex.destroy(err));
          socket.on('close', () => duplex.destroy());
          return duplex;
        }
        case 'throw':
          throw new Error('createConnection throws');
        case 'error':
          later(() => cb(new Error('createConnection error')));
          return undefined;
        case 'later':
          later(() => cb(null, dial(options, run)));
          return undefined;
        case 'dead': {
          const socket = dial(options, run);
          socket.destroy();
          return socket;
        }
        case 'null':
          return null;
        default:
          return undefined;
      }
    };
  },

  finishRequest(kind, run) {
    if (kind === 'string') return 'x';
    return (req, ws) => {
      run.log(`finishRequest ${req.method} ${req.path} ${ws?.readyState}`);
      switch (kind) {
        case 'never':
          return;
        case 'later':
          later(() => req.end());
          return;
        case 'destroy':
          req.destroy();
          return;
        case 'destroy(err)':
          req.destroy(new Error('mine'));
          return;
        case 'abort':
          req.abort();
          return;
        case 'throw':
          throw new Error('finishRequest throws');
        case 'header':
          req.setHeader('X-Late', 'yes');
          req.end();
          return;
        case 'body':
          req.end('body');
          return;
        case 'close':
          ws.close();
          return;
        case 'terminate':
          ws.terminate();
          return;
        case 'flush':
          req.flushHeaders();
          later(() => req.end());
          return;
        case 'removeListeners':
          req.removeAllListeners();
          req.on('error', () => {});
          req.end();
          return;
        case 'twice':
          req.end();
          req.end();
          return;
        case 'watch':
          watch(req, run);
          req.end();
          return;
        default:
          req.end();
      }
    };
  },

  lookup(kind, run) {
    if (kind === 'string') return 'x';
    return (host, options, cb) => {
      run.log(`lookup ${host} ${JSON.stringify(options)}`);
      const give = () => {
        if (kind === 'error') {
          return cb(Object.assign(new Error('no host'), { code: 'ENOTFOUND' }));
        }
        if (kind === 'bad') return cb(null, 'not an address', 4);
        return options.all
          ? cb(null, [{ address: '127.0.0.1', family: 4 }])
          : cb(null, '127.0.0.1', 4);
      };
      if (kind === 'throw') throw new Error('lookup throws');
      if (kind === 'later') later(give);
      else give();
    };
  },

  checkServerIdentity: (kind, run) => (host) => {
    run.log(`checkServerIdentity ${host}`);
    return kind === 'ok' ? undefined : new Error('not my server');
  },

  signal(kind) {
    if (kind === 'wrong') return 'x';
    if (kind === 'aborted') return AbortSignal.abort();
    const controller = new AbortController();
    if (kind === 'later') later(() => controller.abort());
    return controller.signal;
  },

  generateMask: (kind) => (buffer) => {
    if (kind === 'throw') throw new Error('mask throws');
    buffer.fill(0);
  }
};

/** Has all events of a request written down. */
export function watch(req, run) {
  // 'abort' is deprecated, and not emitted by ws-rs.
  for (const event of [
    'close',
    'connect',
    'continue',
    'drain',
    'error',
    'finish',
    'information',
    'response',
    'socket',
    'timeout',
    'upgrade'
  ]) {
    req.on(event, (x) =>
      run.log(
        `req ${event}${x instanceof Error ? ` ${x.message}` : ''}${x?.statusCode ? ` ${x.statusCode}` : ''}`
      )
    );
  }
}

function dial(options, run) {
  const where = options.socketPath
    ? { path: options.socketPath }
    : { host: '127.0.0.1', port: options.port };
  return run.isSecure
    ? tls.connect({ ...where, rejectUnauthorized: false })
    : net.connect(where);
}

const PLAIN = new Set(['string', 'number', 'boolean']);

function describeOptions(options) {
  const keys = Object.keys(options).sort();
  return keys
    .filter((k) => options[k] !== undefined || k === 'path')
    .map(
      (k) =>
        `${k}=${PLAIN.has(typeof options[k]) ? options[k] : options[k] === null ? 'null' : typeof options[k]}`
    )
    .join(' ');
}
