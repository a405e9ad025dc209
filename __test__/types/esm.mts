// Named exports and the default one, in an ES module.
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import WebSocket, {
  createWebSocketStream,
  WebSocket as Named,
  WebSocketServer,
  type AddressInfo,
  type CertMeta,
  type ClientOptions,
  type CloseEvent,
  type Data,
  type ErrorEvent,
  type Event,
  type EventListenerOptions,
  type FinishRequestCallback,
  type MessageEvent,
  type PerMessageDeflateOptions,
  type RawData,
  type ServerOptions,
  type VerifyClientCallbackAsync,
  type VerifyClientCallbackSync
} from 'ws-rs';

const once1: EventListenerOptions = { once: true };
const deflate: PerMessageDeflateOptions = { threshold: 1 };
const finishRequest: FinishRequestCallback = (req, ws) => {
  ws.binaryType = 'fragments';
  req.end();
};
const sync: VerifyClientCallbackSync = () => true;
const later: VerifyClientCallbackAsync = (info, cb) => cb(info.secure);
const options: ServerOptions = { port: 0, verifyClient: sync };
const wss = new WebSocketServer({ ...options, verifyClient: later });
const { port } = wss.address() as AddressInfo;
const client: ClientOptions = { finishRequest, perMessageDeflate: deflate };
const ws: WebSocket = new Named(`ws://localhost:${port}`, client);
const namespaced: WebSocket.RawData | WebSocket.Data = 'text';
const stream: Duplex = createWebSocketStream(ws, { readableObjectMode: true });

ws.addEventListener('open', (event: Event) => event.type, once1);
ws.addEventListener('error', (event: ErrorEvent) => event.error, once1);
ws.addEventListener('close', (event: CloseEvent) => event.code, once1);
ws.addEventListener('message', (event: MessageEvent) => {
  const data: Data = event.data;
  stream.write(data);
});

const [data, isBinary] = (await once(ws, 'message')) as [RawData, boolean];
export const cert: CertMeta = isBinary ? data.toString() : namespaced;
