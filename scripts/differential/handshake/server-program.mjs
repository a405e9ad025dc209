// What the program of a server does, and what it sees.
import { bytesText, errorText } from './common.mjs';

/** Half of a run: server-run.mjs has the other one. */
export class ServerProgram {
  constructor(scenario, env, trace) {
    Object.assign(this, { scenario, env, trace });
    this.websockets = [];
  }

  log(line) {
    this.trace.add('program', line);
  }

  overrideMethods(wss) {
    const { handleUpgrade, completeUpgrade, emit } = wss;
    const run = this;
    for (const what of this.scenario.override ?? []) {
      const [method, kind] = what.split(' ');
      if (method === 'shouldHandle') {
        wss.shouldHandle = (req) => {
          run.log(`shouldHandle ${req.url.slice(0, 60)}`);
          if (kind === 'throw') throw new Error('shouldHandle throws');
          return {
            true: true,
            false: false,
            promise: Promise.resolve(false),
            url: req.url === '/chat'
          }[kind];
        };
      } else if (method === 'handleUpgrade') {
        wss.handleUpgrade = function (req, socket, head, cb) {
          run.log(
            `handleUpgrade ${req.method} head ${bytesText(head)} ${typeof cb} ${this === wss}`
          );
          if (kind === 'skip') return socket.destroy();
          if (kind === 'later') {
            return void setTimeout(
              () => handleUpgrade.call(this, req, socket, head, cb),
              3
            );
          }
          if (kind === 'head') {
            return handleUpgrade.call(
              this,
              req,
              socket,
              Buffer.from('8182000000006869', 'hex'),
              cb
            );
          }
          if (kind === 'other') {
            return handleUpgrade.call(
              this,
              req,
              socket,
              head,
              (ws) => (run.log('own callback'), ws.close())
            );
          }
          const result = handleUpgrade.call(this, req, socket, head, cb);
          if (kind === 'twice') handleUpgrade.call(this, req, socket, head, cb);
          run.log(`handleUpgrade gives ${result}`);
          return result;
        };
      } else if (method === 'completeUpgrade') {
        wss.completeUpgrade = function (...args) {
          const [extensions, key, protocols, req, socket, head, cb] = args;
          run.log(
            `completeUpgrade ${Object.keys(extensions)} ${key} ${[...protocols]} ${req.method} ${typeof socket} ${bytesText(head)} ${typeof cb}`
          );
          if (kind === 'skip') return socket.destroy();
          if (kind === 'args') args[2] = new Set(['given']);
          return completeUpgrade.apply(this, args);
        };
      } else if (method === 'emit') {
        wss.emit = function (...args) {
          run.log(`wss emit ${args[0]}`);
          return emit.apply(this, args);
        };
      }
    }
  }

  addExtra(server) {
    const { extra } = this.scenario;
    const { WebSocketServer } = this.env.WebSocket;
    if (!extra || !server) return;
    if (extra.startsWith('upgrade listener')) {
      if (extra === 'upgrade listener before') return;
      server.on('upgrade', (req, socket) => {
        this.log(`own upgrade ${req.url.slice(0, 60)} ${socket.destroyed}`);
        if (extra.endsWith('destroys')) socket.destroy();
      });
      return;
    }
    for (let i = 0; i < (extra === 'third' ? 2 : 1); i++) {
      const other = new WebSocketServer({
        server,
        path: extra.includes('same') ? this.scenario.options?.path : '/chat'
      });
      other.on('connection', (ws, req) => {
        this.log(`other connection ${req.url}`);
        ws.on('error', (err) => this.log(`other ws error ${errorText(err)}`));
        ws.on('close', (code) => this.log(`other ws close ${code}`));
        ws.on('message', (m) => ws.send(`other ${m}`));
        this.websockets.push(ws);
      });
      other.on('error', (err) => this.log(`other error ${errorText(err)}`));
    }
  }

  onRequest(req, res) {
    const kind = this.scenario.onRequest;
    this.log(
      `request ${req.method} ${req.url.slice(0, 60)} ${req.httpVersion} upgrade ${req.upgrade}`
    );
    if (kind === 'answer') res.end(`page ${req.method}`);
    else if (kind === 'destroy') req.socket.destroy();
    else if (kind === 'later') setTimeout(() => res.end('later'), 3);
  }

  onWatched(event, [first, second]) {
    if (first instanceof Error) {
      this.log(
        `http ${event} ${errorText(first)} ${first.rawPacket?.length} ${first.bytesParsed}`
      );
      if (event === 'clientError') {
        second.writable
          ? second.end('HTTP/1.1 400 Mine\r\n\r\n')
          : second.destroy();
      }
      return;
    }
    this.log(
      `http ${event} ${first?.url?.slice(0, 60) ?? ''} ${first?.method ?? ''}`
    );
    if (event === 'checkContinue') {
      (second.writeContinue(), second.end('continued'));
    }
    if (event === 'checkExpectation') second.end('expected');
    if (event === 'connect') second.end();
  }

  onHeaders(lines, req) {
    const kind = this.scenario.headers;
    this.log(
      `headers ${JSON.stringify(lines).slice(0, 600)} ${req.url.slice(0, 60)}`
    );
    if (kind === 'push') lines.push('X-Mine: yes', 'Set-Cookie: a=b');
    if (kind === 'replace') lines[3] = 'Sec-WebSocket-Accept: wrong';
    if (kind === 'empty') lines.length = 0;
    if (kind === 'status') lines[0] = 'HTTP/1.1 200 OK';
    if (kind === 'pop') lines.pop();
    if (kind === 'crlf') lines.push('X: a\r\nY: b');
    if (kind === 'number') lines.push(5, null, undefined, ['a', 'b']);
    if (kind === 'async') setTimeout(() => lines.push('late: 1'), 1);
    if (kind === 'destroys') req.socket.destroy();
    if (kind === 'closes') this.wss.close();
    if (kind === 'throw') throw new Error('headers throws');
  }

  onClientError(err, socket, req) {
    const kind = this.scenario.wsClientError;
    this.log(
      `wsClientError ${errorText(err)} ${Object.keys(err)} ${req.url.slice(0, 60)} ${socket === req.socket}`
    );
    if (kind === 'destroy') socket.destroy();
    if (kind === 'end') socket.end();
    if (kind === 'write') socket.write('HTTP/1.1 400 Own\r\n\r\n');
    if (kind === 'answer') {
      socket.end('HTTP/1.1 400 Own\r\nContent-Length: 0\r\n\r\n');
    }
    if (kind === 'later') setTimeout(() => socket.destroy(), 2);
    if (kind === 'throw') throw new Error('wsClientError throws');
  }

  onConnection(ws, req) {
    const { scenario: s, wss } = this;
    const n = this.websockets.push(ws) - 1;
    const look = () =>
      `[${ws.readyState} ${String(ws.protocol).slice(0, 60)} ${ws.extensions} ${ws.url} ${ws.isPaused}]`;
    this.log(
      `ws${n} connection ${req.method} ${req.url.slice(0, 60)} ${req.httpVersion} ${bytesText(JSON.stringify(req.headers)).slice(0, 700)} ${bytesText(JSON.stringify(req.rawHeaders)).slice(0, 300)} ${look()} clients ${wss.clients?.size} has ${wss.clients?.has(ws)} ${ws.constructor.name}`
    );
    if (!s.without?.includes('ws error')) {
      ws.on('error', (err) =>
        this.log(`ws${n} error ${errorText(err)} ${look()}`)
      );
    }
    ws.on('close', (code, reason) =>
      this.log(`ws${n} close ${code} ${reason} clients ${wss.clients?.size}`)
    );
    ws.on('ping', (data) => this.log(`ws${n} ping ${data}`));
    ws.on('pong', (data) => this.log(`ws${n} pong ${data}`));
    ws.on('message', (data, isBinary) => {
      this.log(
        `ws${n} message ${bytesText(Buffer.from(data)).slice(0, 100)} ${isBinary} ${look()}`
      );
      const done = (err) =>
        this.trace.add(
          'callbacks',
          `ws${n} echoed ${err ? errorText(err) : 'ok'}`
        );
      if (s.message === 'echo') {
        ws.send(data, { binary: isBinary, compress: false }, done);
      }
      if (s.message === 'close') ws.close(4001, 'why');
      if (s.message === 'terminate') ws.terminate();
      if (s.message === 'throw') throw new Error('message throws');
      if (s.message === 'look') this.look(ws, req, n);
    });
    for (const what of s.connection ?? []) this.onConnected(what, ws, req, n);
    this.hook('connection');
  }

  look(ws, req, n) {
    const socket = ws._socket;
    this.log(
      `ws${n} looks ${socket === req.socket} ${socket?.remoteAddress} ${socket?.remoteFamily} ${socket?.bytesRead} ${socket?.bytesWritten} ${socket?.readable} ${socket?.writable} ${socket?.destroyed} ${req.complete} ${req.aborted} ${req.destroyed} ${req.readableEnded} ${socket?.encrypted} ${socket?.authorized}`
    );
  }

  onConnected(what, ws, req, n) {
    const done = (err) =>
      this.trace.add('callbacks', `ws${n} sent ${err ? errorText(err) : 'ok'}`);
    const actions = {
      send: () => ws.send('welcome', { compress: false }, done),
      'send many': () => {
        for (let i = 0; i < 6; i++) ws.send(`n${i}`, { compress: false });
      },
      'later send': () =>
        setTimeout(() => ws.send('late', { compress: false }, done), 3),
      'tick send': () =>
        process.nextTick(() => ws.send('tick', { compress: false }, done)),
      close: () => ws.close(),
      'close(1001)': () => ws.close(1001, 'away'),
      'later close': () => setTimeout(() => ws.close(), 3),
      terminate: () => ws.terminate(),
      'socket.destroy': () => ws._socket?.destroy(),
      'socket.end': () => ws._socket?.end(),
      pause: () => (ws.pause(), setTimeout(() => ws.resume(), 4)),
      ping: () => ws.ping('srv', done),
      look: () => this.look(ws, req, n),
      'look deep': () =>
        this.log(
          `ws${n} deep ${ws._socket?.constructor?.name} ${ws._socket?.readableLength} ${ws._socket?.writableLength} ${ws._socket?.readableFlowing} ${ws._socket?.allowHalfOpen} ${ws._socket?.listenerCount('close')} ${ws._socket?.listenerCount('error')} ${ws._socket?.timeout} ${ws._socket?.server === (this.server ?? this.wss._server)} ${ws._socket?.parser} ${ws._socket?._httpMessage}`
        ),
      'wss.close': () =>
        this.wss.close((err) => this.log(`wss closed ${err ?? ''}`)),
      'req read': () =>
        req
          .on('data', (c) => this.log(`req data ${c}`))
          .on('end', () => this.log('req end'))
          .on('close', () => this.log('req close')),
      cork: () => {
        ws._socket.cork();
        ws.send('corked', { compress: false });
        process.nextTick(() => ws._socket.uncork());
      },
      onclose: () =>
        (ws.onclose = (e) =>
          this.log(`onclose ${e.code} ${e.wasClean} ${e.reason}`)),
      raw: () => ws._socket.write('raw bytes'),
      setTimeout: () => ws._socket.setTimeout(20, () => this.log(`ws${n} idle`))
    };
    if (what === 'throw') throw new Error('connection throws');
    this.log(`ws${n} does ${what}`);
    actions[what]?.();
  }

  act(what) {
    const { wss } = this;
    const server = this.server ?? this.kept ?? wss._server;
    this.kept = server;
    this.log(`does ${what}`);
    const closed = (name) => (err) =>
      this.log(`${name} closed ${err ? errorText(err) : ''}`);
    const actions = {
      'wss.close': () => wss.close(closed('wss')),
      'wss.close twice': () => (
        wss.close(closed('wss')),
        wss.close(closed('wss again'))
      ),
      'server.close': () => server?.close(closed('server')),
      'server.closeAllConnections': () => server?.closeAllConnections(),
      'server.closeIdleConnections': () => server?.closeIdleConnections(),
      'terminate all': () => wss.clients?.forEach((ws) => ws.terminate()),
      'close all': () => wss.clients?.forEach((ws) => ws.close()),
      address: () =>
        this.log(
          `address ${JSON.stringify(wss.address())}`
            .replace(/"port":\d+/, '"port":n')
            .replace(/hs-\d+-\d+/, 'file')
        ),
      clients: () => this.log(`clients ${wss.clients?.size}`),
      'wss.removeAll': () => wss.removeAllListeners(),
      'server.removeAll': () => server?.removeAllListeners('upgrade'),
      'handleUpgrade again': () => this.again?.(),
      ref: () => server?.unref()
    };
    try {
      actions[what]?.();
    } catch (err) {
      this.log(`throws ${errorText(err)}`);
    }
  }
}
