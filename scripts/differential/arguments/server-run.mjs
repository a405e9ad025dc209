// Carries out a scenario of a server: its options, and calls of its methods.
import net from 'node:net';
import { describe } from './describe.mjs';
import { Peer } from './peer.mjs';
import { Run } from './run.mjs';

const EVENTS = ['listening', 'connection', 'headers', 'wsClientError', 'close'];

export async function runServer(scenario, env, trace) {
  const run = new ServerRun(scenario, env, trace);
  try {
    await run.all();
  } finally {
    run.end();
    await trace.rest(6);
  }
}

class ServerRun extends Run {
  async all() {
    const { scenario, WebSocket } = this;
    const args = this.make(scenario.args ?? []);
    await this.macrotask(() => {
      this.call('new WebSocketServer', () => {
        this.wss = new WebSocket.WebSocketServer(...args);
        this.names.set(this.wss, 'wss');
        return this.wss;
      });
      if (this.wss) this.listen();
    });
    await this.rest();
    if (!this.wss) return;
    for (const call of scenario.calls ?? []) await this.one(call);
    if (scenario.connect) await this.connect();
    if (scenario.again) await this.one(scenario.again);
    if (scenario.connect) await this.connect();
  }

  listen() {
    const { wss } = this;
    for (const event of EVENTS) {
      // Who listens for this one has to answer.
      if (event === 'wsClientError' && this.scenario.seed % 3) continue;
      wss.on(event, (...args) => {
        this.log(
          `wss ${event} ${args.map((arg) => describe(arg, this, 2)).join(' | ')}`
        );
        if (event === 'connection' && args[0]?.on) this.watch(args[0], 'ws');
      });
    }
    wss.on('error', (err) => this.log(`wss error ${describe(err, this)}`));
    this.endings.push(() => {
      for (const ws of wss.clients?.[Symbol.iterator] ? wss.clients : []) {
        ws.terminate?.();
      }
      try {
        wss.close();
      } catch {
        // The scenario has replaced something that it needs.
      }
    });
    const options = wss.options;
    this.trace.add('options', describe(options, this, 2));
    this.names.set(options, 'options');
  }

  async one(what) {
    const { wss } = this;
    const args = this.make(what.args ?? []);
    await this.macrotask(() => {
      this.call(what.call ?? what.get ?? what.set ?? what.option, () => {
        if (what.get) return wss[what.get];
        if (what.set) {
          wss[what.set] = args[0];
          return undefined;
        }
        if (what.option) {
          wss.options[what.option] = args[0];
          return undefined;
        }
        const result = wss[what.call](...args);
        return result?.port ? { ...result, port: 'a port' } : result;
      });
    });
    await this.rest();
  }

  /** A client comes. */
  async connect() {
    const port = this.portOf();
    if (!port) return;
    const socket = net.connect(port, '127.0.0.1');
    const peer = new Peer(this, socket, true);
    peer.head.then((head) =>
      this.trace.add(
        'answer',
        head.replace(/\r\nDate: .*/, '').replace(/\r\n/g, ' ⏎ ')
      )
    );
    socket.write(
      'GET /path HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n'
    );
    await this.rest();
    if (!peer.isOpen) return;
    for (const what of ['text', 'ping', 'fragments', 'empty']) peer.send(what);
    await this.rest();
    for (const ws of this.clients()) {
      this.call('send', () => ws.send('to you', { compress: false }));
    }
    await this.rest();
    peer.send('close');
    await this.rest();
    peer.send('end');
    await this.rest();
    socket.destroy();
    await this.rest();
  }

  clients() {
    const { clients } = this.wss;
    return clients?.[Symbol.iterator] ? clients : [];
  }

  portOf() {
    const server = this.wss._server ?? this.wss.options?.server;
    try {
      if (server?.listen && !server.listening && server === this.given) {
        return undefined;
      }
      return server?.address?.()?.port;
    } catch {
      return undefined;
    }
  }

  httpServer() {
    const server = super.httpServer();
    server.listen(0, '127.0.0.1');
    return server;
  }
}
