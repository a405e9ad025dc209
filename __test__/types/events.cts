// Every event by every method that takes a listener.
import WebSocket = require('ws-rs');
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

declare const ws: WebSocket;
declare const wss: WebSocket.Server;

const METHODS = ['on', 'once', 'off', 'addListener', 'removeListener'] as const;

for (const method of METHODS) {
  ws[method]('ping', () => {});
}

ws.on('open', function () {
  const self: WebSocket = this;
  self.ping('', true, (err: Error) => err);
})
  .on('message', function (data: WebSocket.RawData, isBinary: boolean) {
    this.send(data, { binary: isBinary, compress: false, fin: true });
  })
  .on('close', (code: number, reason: Buffer) => [code, reason.toString()])
  .on('error', (err: NodeJS.ErrnoException) => err.code)
  .on('upgrade', (response: IncomingMessage) => response.headers)
  .on('redirect', (url: string, req: ClientRequest) => req.setHeader('a', url))
  .on('unexpected-response', (req: ClientRequest, res: IncomingMessage) => {
    req.destroy();
    res.resume();
  })
  .on(Symbol('custom'), (...args: any[]) => args.length);

ws.once('message', (data, isBinary) => [data, isBinary]);
ws.once('close', (code, reason) => code.toFixed() + reason.toString('hex'));
ws.once('pong', (data) => data.readUInt8(0));
ws.off('error', (err) => err.message);
ws.addListener('open', () => {});
ws.addListener('redirect', (url, req) => req.setHeader('b', url));
ws.removeListener('upgrade', (res) => res.statusCode);
ws.removeListener('unexpected-response', (req, res) => [req.path, res.url]);
// A listener that knows more than the types do.
ws.on('message', (data: Buffer) => data.readUInt8(0));

wss
  .on('listening', function () {
    this.address();
  })
  .on('connection', (socket: WebSocket, req: IncomingMessage) => {
    socket.terminate();
    req.setTimeout(1);
  })
  .on('headers', (headers: string[], req) => headers.push(`X: ${req.url}`))
  .on('wsClientError', (err: Error, socket: Duplex, req: IncomingMessage) => {
    socket.destroy(err);
    req.resume();
  })
  .on('error', (err) => err.stack)
  .on('close', () => {});

wss.once('connection', (socket, req) => [socket.url, req.url]);
wss.off('headers', (headers, req) => [headers.length, req.url]);
wss.addListener('wsClientError', (err, socket) => socket.destroy(err));
wss.removeListener('listening', () => {});

ws.onopen = (event: WebSocket.Event) => event.type;
ws.onerror = ({ error, message }: WebSocket.ErrorEvent) => [error, message];
ws.onclose = (event: WebSocket.CloseEvent) =>
  event.wasClean ? event.code : event.reason.length;
ws.onmessage = null;
ws.addEventListener('close', { handleEvent: (e) => e.code + e.reason.length });
ws.addEventListener('error', (event) => event.message.length);
ws.removeEventListener('open', (event) => event.target.close());
