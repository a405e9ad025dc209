// Carries out a scenario of clients: the answers of a raw server, what the program
// sees, what comes to the server.
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { real, watch } from './client-values.mjs';
import {
  FrameReader,
  bytesText,
  errorText,
  pieces,
  sleep,
  turn
} from './common.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const EVENTS = [
  'open',
  'upgrade',
  'unexpected-response',
  'redirect',
  'message',
  'ping',
  'pong',
  'error',
  'close'
];
/** The servers stay; whose run it is does not. */
let current = null;
const places = {};

/** Starts the servers that all scenarios use. */
export async function prepareClient(env) {
  const listen = async (name, server, where) => {
    server.on('tlsClientError', () => {});
    server.listen(...where);
    await new Promise((resolve) => server.once('listening', resolve));
    server.unref();
    places[name] = server.address().port ?? where[0];
  };
  const take = (name) => (socket) => {
    if (current) current.accept(name, socket);
    else socket.destroy();
  };
  const raw = (name) =>
    net.createServer({ allowHalfOpen: true, noDelay: true }, take(name));
  const sock = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'hs')), 's');

  await listen('tcp', raw('tcp'), [0, '127.0.0.1']);
  await listen('tcp2', raw('tcp2'), [0, '127.0.0.1']);
  await listen('sock', raw('unix'), [sock]);
  await listen(
    'tls',
    tls.createServer(
      { ...env.tls, allowHalfOpen: true, noDelay: true },
      take('tls')
    ),
    [0, '127.0.0.1']
  );
  const gone = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => gone.once('listening', resolve));
  places.closed = gone.address().port;
  gone.close();
  process.on('exit', () =>
    fs.rmSync(path.dirname(sock), { force: true, recursive: true })
  );
}

export async function runClient(scenario, env, trace) {
  const run = new Run(scenario, env, trace);
  current = run;
  for (const [name, value] of Object.entries(places)) {
    trace.names.push([String(value), `{${name}}`]);
  }
  for (let i = 0; i <= (scenario.again ?? 0); i++) {
    const { heard } = run;
    run.start(i);
    for (let n = 0; n < 60 && run.heard === heard && !run.isOver(i); n++) {
      await sleep(3);
    }
    await trace.rest(12);
    if (run.waits()) (await sleep(60), await trace.rest(12));
  }
  for (const socket of run.sockets) {
    if (!socket.destroyed && !socket.writableEnded) socket.end();
  }
  await trace.rest(14);
  for (const socket of run.sockets) socket.destroy();
  await trace.rest(10);
  for (const ws of run.clients) {
    run.log(
      `left ${ws.label} ${state(ws)} paused ${ws.isPaused} listeners ${ws.eventNames().length}`
    );
    ws.removeAllListeners();
    ws.on('error', () => {});
    if (ws._socket) ws.resume();
    if (ws._req || ws._socket) ws.terminate();
  }
  for (const agent of run.agents) agent.destroy();
  current = null;
}

class Run {
  constructor(scenario, env, trace) {
    Object.assign(this, { scenario, env, trace });
    this.sockets = [];
    this.clients = [];
    this.agents = [];
    this.requests = 0;
    this.heard = 0;
    this.isSecure = scenario.topology === 'tls';
    this.options = real(scenario.options, this);
  }

  log(line) {
    this.trace.add('program', line);
  }

  fill(text) {
    return text.replace(
      /\{(tcp2?|tls|sock|closed)\}/g,
      (_, name) => places[name]
    );
  }

  /** Whether nothing is to be waited for. */
  isOver(i) {
    const { finishRequest } = this.scenario.options ?? {};
    return (
      !this.clients.some((ws) => ws.label === `#${i}` && ws.readyState === 0) ||
      ['never', 'string'].includes(finishRequest?.arg)
    );
  }

  waits() {
    const { options, answers } = this.scenario;
    return (
      options?.handshakeTimeout !== undefined ||
      answers.some((a) => a.wait > 20) ||
      options?.closeTimeout !== undefined
    );
  }

  start(number) {
    const { scenario } = this;
    const { WebSocket } = this.env;
    const text = this.fill(scenario.address?.text ?? 'ws://127.0.0.1:{tcp}');
    let address = text;
    const form = scenario.address?.form;
    let ws;

    try {
      if (form === 'URL') address = new URL(text);
    } catch {
      // A string then.
    }
    if (form === 'toString') address = { toString: () => text };
    if (form === 'String') address = Object(text);
    if (form === 'undefined') address = undefined;
    if (form === 'object') address = {};
    const protocols = real(scenario.protocols, this);
    try {
      ws =
        protocols === undefined && scenario.seed % 2
          ? new WebSocket(address, this.options)
          : new WebSocket(address, protocols, this.options);
    } catch (err) {
      this.log(`constructor throws ${errorText(err)}`);
      return;
    }
    ws.label = `#${number}`;
    this.clients.push(ws);
    this.log(`${ws.label} made ${state(ws)}`);
    for (const event of EVENTS) {
      if (scenario.without?.includes(event)) continue;
      ws.on(event, (...args) => {
        this.log(
          `${ws.label} ${event} ${args.map(describe).join(' | ')} ${state(ws)}`
        );
        for (const what of scenario.listeners?.[event] ?? []) {
          this.act(ws, what, event, args);
        }
      });
    }
    // A listener of such an event changes what happens without it.
    for (const event of ['unexpected-response', 'redirect']) {
      if (!scenario.listeners?.[event] && scenario.seed % 3 !== 0) {
        ws.removeAllListeners(event);
      }
    }
    if (scenario.watch && ws._req) watch(ws._req, this);
    for (const { at, do: what } of scenario.timeline ?? []) {
      const go = () => this.act(ws, what, 'timeline', []);
      if (at === 'sync') go();
      else if (at === 'tick') process.nextTick(go);
      else if (at === 'immediate') setImmediate(go);
      else if (at === 'ms') setTimeout(go, 4);
      else if (at === 'socket') ws._req?.once('socket', go);
      else this[`on ${at}`] = go;
    }
  }

  act(ws, what, event, args) {
    const socket = ws._socket;
    const [first, second] = args;
    const req =
      event === 'unexpected-response'
        ? first
        : event === 'redirect'
          ? second
          : ws._req;
    const res =
      event === 'unexpected-response'
        ? second
        : event === 'upgrade'
          ? first
          : null;
    this.log(`${ws.label} does ${what}`);
    const done = (err) =>
      this.trace.add(
        'callbacks',
        `${ws.label} sent ${err ? errorText(err) : 'ok'}`
      );
    const attempt = (f) => {
      try {
        f();
      } catch (err) {
        this.log(`${ws.label} ${what} throws ${errorText(err)}`);
      }
    };
    const actions = {
      close: () => ws.close(),
      'close(1001)': () => ws.close(1001, 'away'),
      'close(4000)': () => ws.close(4000),
      terminate: () => ws.terminate(),
      'later close': () => setTimeout(() => ws.close(), 2),
      'later terminate': () => setTimeout(() => ws.terminate(), 2),
      send: () => ws.send('hello', { compress: false }, done),
      'send big': () =>
        ws.send(Buffer.alloc(2000, 'x'), { compress: false }, done),
      ping: () => ws.ping('p', done),
      pong: () => ws.pong('p', done),
      pause: () => {
        ws.pause();
        setTimeout(() => ws.resume(), 5);
      },
      removeAll: () => ws.removeAllListeners(),
      'remove error': () => ws.removeAllListeners('error'),
      'remove close': () => ws.removeAllListeners('close'),
      'drop redirect': () => ws.removeAllListeners('redirect'),
      'req.destroy': () => req?.destroy(),
      'req.destroy(err)': () => req?.destroy(new Error('mine')),
      'req.abort': () => req?.abort(),
      'req.end': () => req?.end(),
      'req.on': () => req && watch(req, this),
      setHeader: () => req?.setHeader('X-Redirected', 'yes'),
      removeHeader: () => {
        req?.removeHeader('authorization');
        req?.removeHeader('cookie');
      },
      'res.destroy': () => res?.destroy(),
      'res.resume': () => res?.resume(),
      'res.on(data)': () =>
        res
          ?.on('data', (c) => this.log(`res data ${c}`))
          .on('end', () => this.log('res end')),
      'res.socket.destroy': () => res?.socket?.destroy(),
      'res.socket.end': () => res?.socket?.end(),
      read: () => this.read(res),
      'read then close': () => this.read(res, () => ws.close()),
      'socket.destroy': () => socket?.destroy(),
      'socket.end': () => socket?.end(),
      'set onmessage': () =>
        (ws.onmessage = (e) => this.log(`onmessage ${e.data}`)),
      addEventListener: () =>
        ws.addEventListener('close', (e) =>
          this.log(`close event ${e.code} ${e.wasClean}`)
        )
    };
    if (what === 'throw') throw new Error(`thrown in ${event}`);
    attempt(actions[what] ?? (() => {}));
  }

  read(res, then) {
    if (!res?.on) return;
    let body = '';
    res.on('data', (c) => (body += c));
    res.on('end', () => {
      this.log(`body ${body} complete ${res.complete}`);
      then?.();
    });
    res.on('error', (err) => this.log(`res ${errorText(err)}`));
    res.on('aborted', () => this.log('res aborted'));
    res.on('close', () => this.log('res close'));
  }

  accept(place, socket) {
    const stream = `wire${this.sockets.length}`;
    const add = (line) => this.trace.add(stream, line);
    let head = '';
    let frames = null;
    this.sockets.push(socket);
    socket.setNoDelay(true);
    add(
      `connected to ${place} ${socket.servername ?? ''} ${socket.alpnProtocol ?? ''}`
    );
    socket.on('data', (chunk) => {
      this.trace.touch();
      if (frames) {
        frames.push(chunk);
        return;
      }
      head += chunk.toString('latin1');
      let end;
      while (!frames && (end = head.indexOf('\r\n\r\n')) >= 0) {
        const text = head.slice(0, end);
        head = head.slice(end + 4);
        const key = /^sec-websocket-key: ?(.*)$/im.exec(text)?.[1] ?? '';
        this.heard++;
        add(
          `request ${bytesText(text.replace(key, /^[+/\w]{22}==$/.test(key) ? 'key' : key))}`
        );
        const { answers } = this.scenario;
        const answer = answers[Math.min(this.requests++, answers.length - 1)];
        this.hook('on request');
        if (/ 101/.test(answer?.status ?? '')) {
          frames = new FrameReader((line) => add(`frame ${line}`));
          frames.push(Buffer.from(head, 'latin1'));
        }
        if (answer) this.answer(socket, answer, key, place);
      }
    });
    socket.on('end', () => add('FIN'));
    socket.on(
      'error',
      (err) => err.code !== 'EPIPE' && add(`error ${err.code}`)
    );
    socket.on('close', () => {
      if (head) {
        add(
          head.startsWith('\x16\x03') ? 'TLS hello' : `rest ${bytesText(head)}`
        );
      }
      add('closed');
    });
  }

  hook(name) {
    const f = this[name];
    this[name] = undefined;
    f?.();
  }

  async answer(socket, a, key, place) {
    const accept = createHash('sha1')
      .update(key + GUID)
      .digest('base64');
    this.trace.names.push(
      [accept, '{accept}'],
      [accept.toUpperCase(), '{ACCEPT}']
    );
    const eol = a.eol ?? '\r\n';
    const before = (a.before ?? []).map((text) => `${text}\r\n\r\n`).join('');
    const lines = [
      a.status ?? 'HTTP/1.1 101 Switching Protocols',
      ...(a.headers ?? [])
    ];
    const text = `${before}${lines.join(eol)}${eol}${eol}${a.body ?? ''}`
      .replaceAll('{accept}', accept)
      .replaceAll('{ACCEPT}', accept.toUpperCase());
    const head = Buffer.from(this.fill(text), 'latin1');
    const behind = Buffer.from((a.frames ?? []).join(''), 'hex');
    const whole = a.gap ? head : Buffer.concat([head, behind]);
    const bytes = a.cut === undefined ? whole : whole.subarray(0, a.cut);

    if (a.wait) await sleep(a.wait);
    if (a.silent) return;
    const list = pieces(bytes, a.split);
    for (const [i, piece] of list.entries()) {
      if (i > 0) await (list.length > 20 && i % 8 ? turn() : turn().then(turn));
      if (socket.destroyed) return;
      this.trace.touch();
      if (i === list.length - 1 && a.end === 'fin now' && !a.gap) {
        socket.end(piece);
      } else socket.write(piece);
    }
    if (a.gap && a.cut === undefined) {
      await sleep(3);
      socket.write(behind);
    }
    this.hook('on answered');
    if (a.end === 'fin now') return void socket.end();
    if (a.end && a.end !== 'none') {
      await sleep(4);
      if (a.end === 'fin') socket.end();
      else if (a.end === 'close') socket.destroy();
      else if (place !== 'unix' && !socket.encrypted) socket.resetAndDestroy();
      else socket.destroy();
    }
  }
}

function state(ws) {
  return `[${ws.readyState} ${ws.protocol} ${ws.extensions} ${ws.url} ${ws.binaryType}]`;
}

function describe(arg) {
  if (arg instanceof Error) return errorText(arg);
  if (Buffer.isBuffer(arg)) return `Buffer ${bytesText(arg).slice(0, 100)}`;
  if (arg?.statusCode) {
    return `res ${arg.statusCode} ${arg.statusMessage} ${arg.httpVersion} ${bytesText(JSON.stringify(arg.rawHeaders)).slice(0, 600)} ${arg.complete}`;
  }
  if (arg?.setHeader) {
    return `req ${arg.method} ${arg.path} ${arg.host} ${arg.protocol} ${arg.getHeaderNames().join()} ${arg.getHeader('authorization')} ${arg.getHeader('host')}`;
  }
  return String(arg);
}
