// Carries out a scenario of a server: what raw clients send, what they are
// answered, what the program sees.
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { bytesText, errorText, pieces, sleep, turn } from './common.mjs';
import { ServerProgram } from './server-program.mjs';
import { realServer } from './server-values.mjs';

let sockets = 0;

export async function runServer(scenario, env, trace) {
  const run = new Run(scenario, env, trace);
  try {
    await run.open();
    if (run.server || run.isListening) await run.connect();
    await run.finish();
  } finally {
    run.clean();
  }
  await trace.rest(8);
}

class Run extends ServerProgram {
  constructor(scenario, env, trace) {
    super(scenario, env, trace);
    this.raw = [];
    this.isListening = false;
    this.where = null;
    this.takenPort = 0;
  }

  async open() {
    const { scenario: s, env, trace } = this;
    const { WebSocketServer } = env.WebSocket;

    if (JSON.stringify(s.options ?? {}).includes('taken')) {
      this.taken = net.createServer().listen(0);
      await new Promise((resolve) => this.taken.once('listening', resolve));
      this.takenPort = this.taken.address().port;
      trace.names.push([String(this.takenPort), '{taken}']);
    }
    const options = { ...realServer(s.options ?? {}, this) };
    if (s.mode === 'port' && !('port' in options)) options.port = 0;
    if (s.mode === 'port' && !('host' in options)) options.host = '127.0.0.1';
    if (s.mode === 'noServer') options.noServer ??= true;
    if (s.mode !== 'port') {
      const httpOptions = realServer(s.http ?? {}, this);
      const server =
        s.topology === 'tls'
          ? https.createServer({ ...httpOptions, ...env.tls })
          : http.createServer(httpOptions);
      this.server = server;
      Object.assign(server, s.httpFields);
      if (s.onRequest) {
        server.on('request', (req, res) => this.onRequest(req, res));
      }
      if (s.extra === 'upgrade listener before') {
        server.on('upgrade', (req) => this.log(`own upgrade ${req.url}`));
      }
      if (s.mode === 'server') options.server = server;
    }
    try {
      this.wss = new WebSocketServer(
        options,
        s.callback ? () => this.log('callback') : undefined
      );
    } catch (err) {
      this.log(`constructor throws ${errorText(err)}`);
      this.server = null;
      return;
    }
    const { wss } = this;
    this.overrideMethods(wss);
    for (const event of ['listening', 'close']) {
      wss.on(event, () => (this.log(`wss ${event}`), this.hook(event)));
    }
    if (!s.without?.includes('wss error')) {
      wss.on('error', (err) => this.log(`wss error ${errorText(err)}`));
    }
    if (!s.without?.includes('connection')) {
      wss.on('connection', (ws, req) => this.onConnection(ws, req));
    }
    if (s.headers) {
      wss.on('headers', (lines, req) => this.onHeaders(lines, req));
    }
    if (s.wsClientError) {
      wss.on('wsClientError', (...args) => this.onClientError(...args));
    }
    const server = this.server ?? wss._server;
    // Accepted natively all the same, of which nobody hears there.
    const isForced = process.env.WS_RS_ACCEPT === 'forced';
    for (const event of (s.watch ?? []).filter(
      (e) => !(isForced && /connection|dropRequest/i.test(e))
    )) {
      server?.on(event, (...args) => this.onWatched(event, args));
    }
    this.addExtra(server);
    this.hook('made');
    if (this.server) {
      if (s.mode === 'noServer') {
        this.server.on('upgrade', (req, socket, head) => {
          this.log(`upgrade ${req.url.slice(0, 60)} head ${bytesText(head)}`);
          this.again = () =>
            wss.handleUpgrade(req, socket, head, () =>
              this.log('upgraded again')
            );
          wss.handleUpgrade(req, socket, head, (ws, request) => {
            this.log('upgraded');
            wss.emit('connection', ws, request);
          });
        });
      }
      if (s.topology === 'unix') {
        this.server.listen(
          (this.file = path.join(os.tmpdir(), `hs-${process.pid}-${sockets++}`))
        );
      } else this.server.listen(0, '127.0.0.1');
    }
    if (server) {
      for (let i = 0; i < 60 && !server.listening && i < 60; i++) {
        await sleep(2);
        if (this.trace.streams.program?.some((line) => /error/.test(line))) {
          break;
        }
      }
      this.isListening = server.listening;
      const address = server.address();
      if (address?.port) trace.names.push([String(address.port), '{port}']);
      if (address) {
        this.where =
          typeof address === 'string'
            ? { path: address }
            : { host: address.address, port: address.port };
      }
    }
  }

  hook(name) {
    for (const item of this.scenario.timeline ?? []) {
      if (item.at === name && !item.done) {
        item.done = true;
        this.act(item.do);
      }
    }
  }

  async connect() {
    await this.trace.rest(3, 60);
    if (this.scenario.timeline?.some((t) => t.at === 'ms')) {
      setTimeout(() => this.hook('ms'), 4);
    }
    // One after the other: in what order those that come together are served is
    // nobody's promise.
    for (const [i, c] of (this.scenario.clients ?? []).entries()) {
      await this.client(c, i);
      await this.trace.rest(6);
    }
    await this.trace.rest(14);
    if (this.scenario.options?.closeTimeout) await sleep(35);
  }

  async client(c, i) {
    const stream = `raw${i}`;
    let isGone = false;
    const add = (line) => isGone || this.trace.add(stream, line);
    const chunks = [];
    if (!this.where) return;
    const socket =
      this.scenario.topology === 'tls'
        ? tls.connect({
            ...this.where,
            rejectUnauthorized: false,
            allowHalfOpen: true
          })
        : net.connect({ ...this.where, allowHalfOpen: true, noDelay: true });
    this.raw.push(socket);
    socket.setNoDelay?.(true);
    let answered;
    const isAnswered = new Promise((resolve) => (answered = resolve));
    socket.on(
      'data',
      (chunk) => (this.trace.touch(), chunks.push(chunk), answered())
    );
    socket.on('end', () => add('FIN'));
    // Whether a write meets the end is a matter of time.
    socket.on(
      'error',
      (err) => (err.code !== 'EPIPE' && add(`error ${err.code}`), answered())
    );
    socket.report = () => {
      const all = Buffer.concat(chunks);
      if (!isGone) this.trace.add(`${stream}.bytes`, bytesText(all));
    };
    socket.on('close', () => (add('closed'), answered()));
    await new Promise((resolve) => {
      socket.once(
        this.scenario.topology === 'tls' ? 'secureConnect' : 'connect',
        resolve
      );
      socket.once('close', resolve);
    });
    this.hook('connected');
    if (c.wait) await sleep(c.wait);

    const head = Buffer.from(
      (c.requests ?? []).map(requestText).join(''),
      'latin1'
    );
    const behind = Buffer.from((c.frames ?? []).join(''), 'hex');
    const whole = c.gap ? head : Buffer.concat([head, behind]);
    const list = pieces(
      c.cut === undefined ? whole : whole.subarray(0, c.cut),
      c.split
    );
    const end = () => {
      if (c.end === 'fin' || c.end === 'fin now') socket.end();
      else if (c.end !== 'none' && c.end) isGone = true;
      if (c.end === 'rst' || c.end === 'rst now') {
        socket.encrypted || this.scenario.topology === 'unix'
          ? socket.destroy()
          : socket.resetAndDestroy();
      } else if (c.end === 'destroy now') socket.destroy();
    };
    for (const [j, piece] of list.entries()) {
      if (j > 0) await (list.length > 20 ? turn() : sleep(3));
      if (!socket.writable) break;
      this.trace.touch();
      socket.write(piece);
      if (j === list.length >> 1) this.hook('half');
    }
    if (c.gap && c.cut === undefined) {
      if (c.gap === 'turn') await turn();
      else if (c.gap === 'ms') await sleep(4);
      else await Promise.race([isAnswered, sleep(60)]);
      if (socket.writable) socket.write(behind);
    }
    this.hook('written');
    if (/now/.test(c.end ?? '')) end();
    else if (c.end !== 'none') {
      await sleep(5);
      end();
    }
  }

  async finish() {
    const { trace, wss } = this;
    if (wss) {
      this.log(
        `at rest: clients ${wss.clients?.size} ${this.websockets.map((ws) => ws.readyState)}`
      );
    }
    const server = this.server ?? this.kept ?? wss?._server;
    if (server?.listening) {
      const n = await new Promise((resolve) =>
        server.getConnections((err, count) => resolve(count))
      );
      this.log(`connections ${n}`);
    }
    for (const socket of this.raw) {
      if (!socket.destroyed && !socket.writableEnded) socket.end();
      await trace.rest(10);
    }
    for (const socket of this.raw) socket.destroy();
    await trace.rest(10);
    for (const socket of this.raw) socket.report?.();
    if (wss) {
      this.log(
        `left: clients ${wss.clients?.size} ${this.websockets.map((ws) => ws.readyState)}`
      );
      try {
        wss.close((err) => this.log(`finally closed ${err ?? ''}`));
      } catch (err) {
        this.log(`close throws ${errorText(err)}`);
      }
      await trace.rest(10);
    }
    if (server?.listening) {
      server.close(() => this.log('server finally closed'));
    }
    await trace.rest(6);
  }

  clean() {
    for (const ws of this.websockets) ws.terminate();
    for (const socket of this.raw) socket.destroy();
    const server = this.server ?? this.kept ?? this.wss?._server;
    server?.closeAllConnections?.();
    server?.close();
    this.taken?.close();
    if (this.file) fs.rmSync(this.file, { force: true });
  }
}

function requestText(q) {
  const eol = q.eol ?? '\r\n';
  return `${q.blank ? eol : ''}${[`${q.method ?? 'GET'} ${q.target ?? '/'} ${q.version ?? 'HTTP/1.1'}`, ...(q.headers ?? [])].join(eol)}${eol}${eol}${q.body ?? ''}`;
}
