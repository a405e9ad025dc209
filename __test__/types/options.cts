// Every option, and each way of giving it.
import WebSocket = require('ws-rs');
import * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import * as zlib from 'node:zlib';

const deflate: WebSocket.PerMessageDeflateOptions = {
  clientMaxWindowBits: 10,
  clientNoContextTakeover: true,
  concurrencyLimit: 10,
  serverMaxWindowBits: 10,
  serverNoContextTakeover: true,
  threshold: 1024,
  zlibDeflateOptions: {
    chunkSize: 1024,
    dictionary: [Buffer.alloc(1)],
    finishFlush: zlib.constants.Z_SYNC_FLUSH,
    level: 3,
    memLevel: 7
  },
  zlibInflateOptions: { chunkSize: 10 * 1024 }
};

const client: WebSocket.ClientOptions = {
  agent: new https.Agent(),
  allowSynchronousEvents: false,
  autoPong: false,
  ca: Buffer.alloc(0),
  cert: 'pem',
  checkServerIdentity: (name: string, cert: WebSocket.CertMeta) => !!cert,
  createConnection: net.createConnection,
  family: 6,
  finishRequest(request, websocket) {
    websocket.once('open', () => {});
    request.end();
  },
  followRedirects: true,
  generateMask: (mask) => mask.fill(0),
  handshakeTimeout: 1,
  headers: { a: 'b' },
  host: 'localhost',
  key: 'pem',
  localAddress: '127.0.0.1',
  maxBufferedChunks: 1,
  maxFragments: 1,
  maxPayload: 1,
  maxRedirects: 1,
  origin: 'http://localhost',
  passphrase: 'x',
  perMessageDeflate: deflate,
  protocolVersion: 13,
  rejectUnauthorized: false,
  skipUTF8Validation: true
};

// What only http.request() knows.
const request: http.ClientRequestArgs = { auth: 'a:b', lookup: undefined! };

new WebSocket('ws://localhost:1', client);
new WebSocket('ws://localhost:1', request);
new WebSocket('ws://localhost:1', undefined, client);
new WebSocket('ws://localhost:1', 'chat', request);
new WebSocket('ws://localhost:1', { auth: 'a:b', origin: 'x' });

const verify: WebSocket.VerifyClientCallbackSync = ({ origin, secure, req }) =>
  secure && origin === req.headers.origin;
const verifyLater: WebSocket.VerifyClientCallbackAsync = (info, callback) => {
  callback(false, 403, 'no', { 'X-Secure': String(info.secure) });
};

new WebSocket.Server({ server: http.createServer(), verifyClient: verify });
new WebSocket.Server({
  allowSynchronousEvents: true,
  autoPong: true,
  backlog: 1,
  clientTracking: true,
  handleProtocols: (protocols, req) =>
    protocols.has('chat') && req.url === '/' ? 'chat' : false,
  host: '::1',
  maxBufferedChunks: 1,
  maxFragments: 1,
  maxPayload: 1,
  path: '/',
  perMessageDeflate: deflate,
  server: https.createServer(),
  skipUTF8Validation: false,
  verifyClient: verifyLater,
  WebSocket
});
