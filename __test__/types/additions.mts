// What ws 8.20 to 8.23 added and @types/ws 8.18 does not have, and what ws-rs adds.
import { Socket } from 'node:net';
import WebSocket, {
  extension,
  PerMessageDeflate,
  Receiver,
  Sender,
  subprotocol,
  WebSocketServer
} from 'ws-rs';

const ws = new WebSocket('ws://localhost:1', {
  closeTimeout: 1000,
  maxPendingAutoPongs: 10,
  perMessageDeflate: { clientMaxWindowBits: true },
  protocols: ['a', 'b'],
  servername: 'localhost'
});
ws.binaryType = 'blob';
ws.close(4000, new Uint8Array(1));

new WebSocketServer({ port: 0, closeTimeout: 1, maxPendingAutoPongs: 0 });
new WebSocket(null, undefined, { autoPong: false });

const names: Set<string> = subprotocol.parse('a, b');
const offers = extension.parse('permessage-deflate; client_max_window_bits');
const bits: string | true | undefined =
  offers['permessage-deflate']?.[0]?.['client_max_window_bits']?.[0];
const header: string = extension.format({ a: [{ b: true }], c: { d: 1 } });

const deflate = new PerMessageDeflate({ isServer: true, threshold: 0 });
deflate.accept([{ server_no_context_takeover: [true] }]);
deflate.compress('text', true, (err, data) => err ?? data.length);
deflate.cleanup();

const receiver = new Receiver({
  extensions: { [PerMessageDeflate.extensionName]: deflate },
  isServer: true
});
receiver.on('conclude', (code, reason) => code + reason.length);
receiver.on('message', (data, isBinary) => [data, isBinary]);

const sender = new Sender(new Socket(), {}, (mask) => mask.fill(0));
const frame: Buffer[] = Sender.frame(Buffer.alloc(1), {
  fin: true,
  mask: false,
  opcode: 2,
  readOnly: true
});
sender.sendFrame(frame, (err) => err?.message);

const statics: Array<unknown> = [
  WebSocket.extension.parse === extension.parse,
  WebSocket.PerMessageDeflate === PerMessageDeflate,
  WebSocket.subprotocol,
  WebSocket.Receiver,
  WebSocket.Sender
];
// @ts-expect-error a number of milliseconds
new WebSocket('ws://localhost:1', { closeTimeout: '1s' });
// @ts-expect-error there is no such kind of data
ws.binaryType = 'text';
export { bits, header, names, statics };

import type { Transport, WithTransport } from 'ws-rs';

function transportOf(ws: WebSocket): Transport {
  return (ws as WithTransport).transport;
}

const isFast = (ws: WebSocket): boolean => transportOf(ws) === 'loop';

// @ts-expect-error: there are three, and this is none of them
const wrong: Transport = 'socket';
const right: Transport = 'threads';

export { isFast, right, wrong };

import {
  BroadcastChannelAdapter,
  NatsAdapter,
  RedisAdapter,
  Topics
} from 'ws-rs';
import type { Adapter, ShareOptions, WithBroadcast } from 'ws-rs';

const wss = new WebSocketServer({
  port: 0,
  maxBackpressure: 1024 * 1024,
  onBackpressure: (slow, bytes) =>
    bytes > 2 ** 24 && slow.isPaused ? 'close' : 'queue'
});
new WebSocketServer({ port: 0, maxBackpressure: 1, onBackpressure: 'drop' });
wss.on('connection', (one) => one.on('drain', () => one.send('more')));

const options: ShareOptions = { binary: false, compress: false, except: ws };
const given: number = (wss as WithBroadcast).broadcast('all', options);
(wss as WithBroadcast).broadcast(new Uint8Array(1), { except: wss.clients });
(wss as WithBroadcast).broadcast(5, { except: (one) => one.readyState > 1 });
// @ts-expect-error it has to be read before
(wss as WithBroadcast).broadcast(new Blob([]));
// @ts-expect-error there is no callback
(wss as WithBroadcast).broadcast('all', () => given);
// @ts-expect-error 'queue' is for functions
new WebSocketServer({ port: 0, maxBackpressure: 1, onBackpressure: 'queue' });

const topics = new Topics();
const isNew: boolean = topics.subscribe(ws, 'room');
const size: number =
  topics.publish('room', 'hi', options) + topics.size('room');
const rooms: string[] = topics.of(ws);
topics.unsubscribe(ws);
topics.unsubscribe(ws, 'room');
topics.close();
// @ts-expect-error a topic's name is a string
topics.publish(1, 'hi');
export { isNew, rooms, size };

import type { Heartbeat } from 'ws-rs';

const heartbeat: Heartbeat = { interval: 30_000 };
new WebSocketServer({ port: 0, heartbeat });
new WebSocketServer({ port: 0, heartbeat: false });
new WebSocket('ws://localhost:1', {
  heartbeat: { interval: 30_000, timeout: 10_000 }
});
// @ts-expect-error: when to ask is to be said
new WebSocketServer({ port: 0, heartbeat: { timeout: 10_000 } });
// @ts-expect-error: it is a number of milliseconds
new WebSocketServer({ port: 0, heartbeat: { interval: '30s' } });

class OwnAdapter implements Adapter {
  publish(name: string, bytes: Uint8Array): void {}
  async subscribe(name: string, listener: (bytes: Uint8Array) => void) {
    listener(new Uint8Array(1));
  }
  unsubscribe(name: string) {}
  close() {}
}

/** What has the methods of the clients, as far as they matter. */
declare const redis: {
  connect(): Promise<unknown>;
  duplicate(overrides?: { name: string }): unknown;
  publish(channel: string, message: string | Buffer): Promise<number>;
};
declare const nats: {
  flush(): Promise<void>;
  isClosed(): boolean;
  publish(subject: string, payload?: Uint8Array | string): void;
  status(): AsyncIterable<{ type: string }>;
  subscribe(subject: string, options?: { queue?: string }): unknown;
};

const adapters: Adapter[] = [
  new OwnAdapter(),
  new RedisAdapter(redis),
  new RedisAdapter(redis, { prefix: 'chat:', sharded: true }),
  new NatsAdapter(nats, { prefix: 'chat.' }),
  new BroadcastChannelAdapter(),
  new BroadcastChannelAdapter({ name: 'chat' })
];

for (const adapter of adapters) new Topics({ adapter, maxPending: 2 ** 20 });
topics.on('error', (err) => err.message).on('reconnect', () => {});

const stop: () => boolean = topics.listen('room', (data, isBinary) => {
  if (!isBinary) data.toString('utf8');
});
const ready: Promise<void> = topics.ready();
const closed: Promise<void> = topics.close();
// @ts-expect-error an adapter is an option
new Topics(new BroadcastChannelAdapter());
// @ts-expect-error it has no publish(), and so on
new Topics({ adapter: {} });
// @ts-expect-error a connection is no client
new RedisAdapter(nats);
export { closed, ready, stop };

import type { Metrics, WithMetrics } from 'ws-rs';

const metrics: Metrics = (wss as WithMetrics).metrics();
const counted: number[] = [
  metrics.connections.open,
  metrics.received.wireBytes,
  metrics.closed[1006] ?? 0,
  ...Object.values(metrics.acceptedByNode)
];
// @ts-expect-error: servers have it, connections do not
(ws as WithMetrics).metrics();
export { counted };

import type { TlsOptions, WithTls } from 'ws-rs';

const tls: TlsOptions = {
  ALPNProtocols: ['http/1.1'],
  cert: 'PEM',
  contexts: { 'a.example': { cert: 'PEM', key: 'PEM' } },
  headersTimeout: 5000,
  key: 'PEM',
  maxHeaderSize: 32 * 1024,
  noDelay: true,
  onRequest: (request, response) => response.end(request.url),
  SNICallback: (name, callback) => callback(null, { cert: name, key: 'PEM' })
};
const secure = new WebSocketServer({ port: 0, tls });

secure.on('tlsClientError', (err, socket) => [err.code, socket.remoteAddress]);
(secure as WithTls).setSecureContext({
  cert: 'PEM',
  contexts: { 'a.example': { cert: 'PEM', key: 'PEM' } },
  key: 'PEM',
  ocspResponse: Buffer.alloc(1)
});
// @ts-expect-error: that is the same for all clients of a server
(secure as WithTls).setSecureContext({ minVersion: 'TLSv1.3' });
// @ts-expect-error: it cannot be honoured
new WebSocketServer({ port: 0, tls: { ...tls, ciphers: 'ALL' } });
// @ts-expect-error: it belongs into "tls"
new WebSocketServer({ port: 0, tls, onRequest: tls.onRequest });
