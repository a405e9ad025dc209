// What options of a server can be that JSON cannot say.
const later = (f) => setTimeout(f, 3);

/** @return {*} A value of a scenario, with all { $ } in it made */
export function realServer(value, run) {
  if (Array.isArray(value)) return value.map((v) => realServer(v, run));
  if (value === null || typeof value !== 'object') return value;
  if (value.$ !== undefined) return makers[value.$]?.(value.arg, run);
  return Object.fromEntries(
    Object.entries(value).map(([k, v]) => [k, realServer(v, run)])
  );
}

const makers = {
  undefined: () => undefined,
  taken: (_, run) => run.takenPort,
  should: (value, run) => (req) => (run.log(`shouldUpgrade ${req.url}`), value),

  verify(kind, run) {
    if (kind === 'string') return 'x';
    const tell = (info) =>
      run.log(
        `verifyClient ${info.origin} ${info.secure} ${info.req?.url} ${Object.keys(info)}`
      );
    if (kind === 'three') {
      return (info, cb, x) => (
        tell(info),
        run.log(`${typeof cb} ${typeof x}`),
        true
      );
    }
    if (kind === 'rest') {
      return (...args) => (
        tell(args[0]),
        run.log(`${args.length} arguments`),
        true
      );
    }
    if (!kind.startsWith('cb ')) {
      return (info) => {
        tell(info);
        switch (kind) {
          case 'no':
            return false;
          case 'undefined':
            return undefined;
          case 'one':
            return 1;
          case 'throw':
            throw new Error('verifyClient throws');
          case 'promise':
            return Promise.resolve(false);
          case 'destroys':
            info.req.socket.destroy();
            return true;
          case 'closes wss':
            run.wss.close();
            return true;
          case 'info':
            run.log(
              `socket ${info.req.socket?.constructor?.name} ${info.req.socket?.remoteFamily} ${info.req.socket?.readable} ${info.req.socket?.writable}`
            );
            return true;
          default:
            return true;
        }
      };
    }
    return (info, cb) => {
      tell(info);
      const settle = {
        yes: () => cb(true),
        no: () => cb(false),
        'later yes': () => later(() => cb(true)),
        'later no': () => later(() => cb(false)),
        403: () => cb(false, 403),
        code: () => cb(false, 418, 'short and stout'),
        headers: () =>
          cb(false, 407, 'p', {
            'Proxy-Authenticate': 'x',
            'Content-Type': 'a/b',
            Connection: 'keep-alive',
            'X-N': 5,
            'X-A': ['a', 'b']
          }),
        number: () => cb(false, 400, 5),
        999: () => cb(false, 999),
        '999 text': () => cb(false, 999, 'text'),
        200: () => cb(false, 200, ''),
        twice: () => (cb(true), cb(true)),
        'no yes': () => (cb(false), cb(true)),
        'yes no': () => (cb(true), cb(false)),
        never: () => {},
        throw: () => {
          throw new Error('verifyClient throws');
        },
        write: () => {
          info.req.socket.write('raw');
          cb(true);
        },
        'later closed': () =>
          later(() => {
            info.req.socket.destroy();
            cb(true);
          }),
        buffer: () => cb(false, 400, Buffer.from('bytes'))
      }[kind.slice(3)];
      try {
        run.log(
          `verify callback gives ${settle()}`.replace(/\[object.*|\d+/, 'x')
        );
      } catch (err) {
        run.log(`verify ${err.message}`);
        throw err;
      }
    };
  },

  protocols(kind, run) {
    if (kind === 'string') return 'x';
    return (protocols, req) => {
      run.log(
        `handleProtocols ${[...protocols].map((p) => p.slice(0, 40))} ${protocols.constructor.name} ${req.url.slice(0, 40)}`
      );
      switch (kind) {
        case 'first':
          return [...protocols][0];
        case 'last':
          return [...protocols].at(-1);
        case 'false':
          return false;
        case '':
          return '';
        case 'undefined':
          return undefined;
        case 'null':
          return null;
        case 'other':
          return 'other';
        case 'number':
          return 5;
        case 'throw':
          throw new Error('handleProtocols throws');
        case 'object':
          return { toString: () => 'obj' };
        case 'true':
          return true;
        case 'set':
          return protocols;
        case 'array':
          return ['a', 'b'];
        case 'mutate':
          protocols.clear();
          return 'mutated';
        case 'crlf':
          return 'a\r\nX-Injected: 1';
        case 'promise':
          return Promise.resolve('p');
        case 'destroys':
          req.socket.destroy();
          return 'a';
        case 'symbol':
          return Symbol('s');
        default:
          return undefined;
      }
    };
  },

  class(kind, run) {
    const { WebSocket } = run.env.WebSocket;
    return {
      sub: class Sub extends WebSocket {
        constructor(...args) {
          super(...args);
          run.log(
            `Sub ${args.length} ${args[0]} ${args[1]} ${typeof args[2]} ${args[2] === run.wss.options}`
          );
        }
      },
      'ctor throws': class Bad extends WebSocket {
        constructor(...args) {
          super(...args);
          throw new Error('class throws');
        }
      },
      overrides: class Over extends WebSocket {
        setSocket(...args) {
          run.log(`setSocket ${args[1].length} ${Object.keys(args[2])}`);
          super.setSocket(...args);
        }
        emit(...args) {
          run.log(`ws emit ${args[0]}`);
          return super.emit(...args);
        }
      }
    }[kind];
  }
};
