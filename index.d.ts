/// <reference types="node" />

import type {
  Agent,
  ClientRequest,
  ClientRequestArgs,
  IncomingMessage,
  OutgoingHttpHeaders,
  Server as HttpServer
} from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import type { createConnection, Socket } from 'node:net';
import type { Duplex, DuplexOptions } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import type { ZlibOptions } from 'node:zlib';
import * as adapters from './types/adapters.js';
import * as codec from './types/codec.js';
import { Listeners } from './types/listeners.js';
import * as metrics from './types/metrics.js';
import * as tls from './types/tls.js';
import * as topics from './types/topics.js';

/** A WebSocket connection, client side or server side (RFC 6455). */
declare class WebSocket extends Listeners<WebSocket.Events> {
  /** 0: the opening handshake is under way. */
  static readonly CONNECTING: 0;
  /** 1: messages can be sent. */
  static readonly OPEN: 1;
  /** 2: the closing handshake is under way. */
  static readonly CLOSING: 2;
  /** 3: the connection is gone. */
  static readonly CLOSED: 3;

  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;

  /**
   * In what form binary messages arrive, from the next message on. With
   * `'blob'` the data is a `Blob`, which `RawData` leaves out, so cast it.
   * Default: `'nodebuffer'`
   *
   * What is read has no `'blob'` here, so that a connection can be given to
   * functions that were declared with `@types/ws`, which does not know it.
   */
  get binaryType(): 'nodebuffer' | 'arraybuffer' | 'fragments';
  set binaryType(type: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob');
  /**
   * Bytes handed to `send()`, `ping()` and `pong()` that still wait here, but for
   * those that only wait for others of their tick.
   */
  readonly bufferedAmount: number;
  /** Names of the negotiated extensions, joined by commas. */
  readonly extensions: string;
  /** Whether `pause()` is in force. */
  readonly isPaused: boolean;
  /** The subprotocol that the server chose, or `''`. */
  readonly protocol: string;
  /** One of `CONNECTING`, `OPEN`, `CLOSING`, `CLOSED`. */
  readonly readyState: 0 | 1 | 2 | 3;
  /** The address; set on the client side only. */
  readonly url: string;

  onopen: ((event: WebSocket.Event) => void) | null;
  onmessage: ((event: WebSocket.MessageEvent) => void) | null;
  onerror: ((event: WebSocket.ErrorEvent) => void) | null;
  onclose: ((event: WebSocket.CloseEvent) => void) | null;

  /** For servers and their subclasses: a connection that has yet to be set. */
  constructor(
    address: null,
    protocols?: undefined,
    options?: WebSocket.ServerOptions
  );
  /**
   * Opens a connection.
   *
   * @param address With scheme ws, wss, http, https or ws+unix
   * @param options See {@link WebSocket.ClientOptions}
   * @throws {SyntaxError} If the address or a subprotocol is invalid
   * @throws {RangeError} If `protocolVersion` is not 8 or 13
   * @throws {TypeError} If `http.request()` refuses an option
   */
  constructor(
    address: string | URL,
    options?: WebSocket.ClientOptions | ClientRequestArgs
  );
  /** @param protocols The subprotocols to offer, in order of preference */
  constructor(
    address: string | URL,
    protocols?: string | string[],
    options?: WebSocket.ClientOptions | ClientRequestArgs
  );

  /**
   * Sends a message. Its bytes are not copied if there are many: do not change,
   * detach or resize their memory before `cb` is called.
   *
   * @param cb Called when the system has accepted the bytes, or with an error
   * @throws {Error} While `readyState` is `CONNECTING`
   * @throws {TypeError} If the data is of no type that can be sent
   */
  send(data: WebSocket.Sendable, cb?: (err?: Error) => void): void;
  send(
    data: WebSocket.Sendable,
    options: WebSocket.SendOptions,
    cb?: (err?: Error) => void
  ): void;

  /**
   * Sends a ping.
   *
   * @param data At most 125 bytes
   * @param mask Default: `true` on the client, `false` on the server
   * @throws {Error} While `readyState` is `CONNECTING`
   * @throws {RangeError} If `data` is too long
   */
  ping(data?: any, mask?: boolean, cb?: (err: Error) => void): void;
  /** Sends a pong; see {@link WebSocket.ping}. */
  pong(data?: any, mask?: boolean, cb?: (err: Error) => void): void;

  /**
   * Starts the closing handshake.
   *
   * @param code 1000 to 1003, 1007 to 1014, or 3000 to 4999
   * @param data The reason, at most 123 bytes of UTF-8
   * @throws {TypeError} If the code or the type of the reason is another one
   * @throws {RangeError} If the reason is too long
   */
  close(code?: number, data?: string | Uint8Array): void;
  /** Destroys the socket at once; the close code will be 1006. */
  terminate(): void;

  /** Stops reading. Does nothing while `CONNECTING` or `CLOSED`. */
  pause(): void;
  /** Reads again. Does nothing while `CONNECTING` or `CLOSED`. */
  resume(): void;

  addEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener: WebSocket.EventHandler<WebSocket.WebSocketEventMap[K]>,
    options?: WebSocket.EventListenerOptions
  ): void;
  removeEventListener<K extends keyof WebSocket.WebSocketEventMap>(
    type: K,
    listener: WebSocket.EventHandler<WebSocket.WebSocketEventMap[K]>
  ): void;
}

// Inside the namespace the name means the namespace's own member.
declare const TheClass: typeof WebSocket;
interface TheClass extends WebSocket {}

declare namespace WebSocket {
  /** `WebSocket.WebSocket === WebSocket`, for named imports. */
  const WebSocket: typeof TheClass;
  interface WebSocket extends TheClass {}

  // ---- Additions to ws ----------------------------------------------------

  /** Who moves the bytes of a connection: Rust, on a thread or not, or Node's own socket. */
  type Transport = 'loop' | 'stream' | 'threads';
  /**
   * What each connection is, for a cast: `(ws as WithTransport).transport`. It is
   * no member of the class, so that programs may have one of that name.
   */
  interface WithTransport extends TheClass {
    readonly transport: Transport;
  }

  /**
   * What each server is, for a cast: `(wss as WithBroadcast).broadcast('hello')`.
   * It is no member of the class, so that programs may have one of that name.
   */
  interface WithBroadcast extends Server {
    /**
     * Sends a message to all open connections of `clients`; the data may be
     * changed as soon as it returns.
     *
     * @returns How many connections it was given to
     * @throws {TypeError} If the data or an option is of a wrong type
     */
    broadcast(data: Shareable, options?: ShareOptions): number;
  }

  /** What each server is, for a cast: `(wss as WithMetrics).metrics()`. */
  interface WithMetrics extends Server {
    /** What the server and its connections have done so far. */
    metrics(): Metrics;
  }

  /** What servers with the `tls` option are, for a cast. */
  interface WithTls extends Server {
    /**
     * Has clients that connect from now on meet other certificates.
     *
     * @throws {Error} If these cannot be used, or without the `tls` option
     */
    setSecureContext(options: TlsReplacement): void;
  }

  export import Adapter = topics.Adapter;
  export import BroadcastChannelAdapter = adapters.BroadcastChannelAdapter;
  export import Metrics = metrics.Metrics;
  export import NatsAdapter = adapters.NatsAdapter;
  export import NatsConnection = adapters.NatsConnection;
  export import RedisAdapter = adapters.RedisAdapter;
  export import RedisClient = adapters.RedisClient;
  export import Shareable = topics.Shareable;
  export import ShareOptions = topics.ShareOptions;
  export import TlsIdentity = tls.TlsIdentity;
  export import TlsOptions = tls.TlsOptions;
  export import TlsReplacement = tls.TlsReplacement;
  export import Topics = topics.Topics;
  export import TopicsOptions = topics.TopicsOptions;
  export import Traffic = metrics.Traffic;

  // What follows is in one namespace, as with ws: programs add to its interfaces.

  // ---- Data ---------------------------------------------------------------

  /** What `'message'` listeners get: text always comes as a `Buffer`. */
  type RawData = Buffer | ArrayBuffer | Buffer[];
  /** What a {@link MessageEvent} carries: text comes as a string. */
  type Data = string | Buffer | ArrayBuffer | Buffer[];
  /** What `send()` takes. Numbers are sent as their decimal text. */
  type Sendable =
    | string
    | number
    | ArrayBufferView
    | ArrayBuffer
    | SharedArrayBuffer
    | Blob
    | readonly any[]
    | { valueOf(): ArrayBuffer | SharedArrayBuffer }
    | { valueOf(): Uint8Array | readonly number[] }
    | { valueOf(): string }
    | { [Symbol.toPrimitive](hint: string): string };

  interface SendOptions {
    /** Binary or text. Default: `true` unless the data is a string or number */
    binary?: boolean | undefined;
    /** Default: `true` if permessage-deflate was negotiated */
    compress?: boolean | undefined;
    /** Whether this is the last fragment of the message. Default: `true` */
    fin?: boolean | undefined;
    /** Default: `true` on the client, `false` on the server */
    mask?: boolean | undefined;
  }

  // ---- Events -------------------------------------------------------------

  /** The arguments of each event of a {@link WebSocket}. */
  interface Events {
    open: [];
    message: [data: RawData, isBinary: boolean];
    ping: [data: Buffer];
    pong: [data: Buffer];
    close: [code: number, reason: Buffer];
    error: [error: Error];
    /** Server with `maxBackpressure`: more than that waited, and now nothing. */
    drain: [];
    /** Client: the server's answer, before it is checked. */
    upgrade: [response: IncomingMessage];
    /** Client: before the request to the new address is sent. */
    redirect: [url: string, request: ClientRequest];
    /** Client: not status 101; the listener has to end the request. */
    'unexpected-response': [request: ClientRequest, response: IncomingMessage];
  }

  /** `WebSocket`, or a class that extends it. */
  type ConnectionClass = new (address: null) => TheClass;

  /** The arguments of each event of a {@link Server}. */
  interface ServerEvents<
    T extends ConnectionClass,
    U extends typeof IncomingMessage
  > {
    listening: [];
    connection: [websocket: InstanceType<T>, request: InstanceType<U>];
    /** The response's header lines, before they are written; may be changed. */
    headers: [headers: string[], request: InstanceType<U>];
    close: [];
    error: [error: Error];
    /** A TLS handshake failed; with the `tls` option. */
    tlsClientError: [error: Error & { code?: string }, socket: Socket];
    /** The handshake failed; the listener has to close the socket. */
    wsClientError: [error: Error, socket: Duplex, request: InstanceType<U>];
  }

  interface Event {
    type: string;
    target: TheClass;
  }
  interface ErrorEvent {
    error: any;
    message: string;
    type: string;
    target: TheClass;
  }
  interface CloseEvent {
    /** Whether a close frame was both sent and received. */
    wasClean: boolean;
    code: number;
    reason: string;
    type: string;
    target: TheClass;
  }
  interface MessageEvent {
    data: Data;
    type: string;
    target: TheClass;
  }
  interface WebSocketEventMap {
    open: Event;
    error: ErrorEvent;
    close: CloseEvent;
    message: MessageEvent;
  }
  interface EventListenerOptions {
    /** Remove the listener after its first call. Default: `false` */
    once?: boolean | undefined;
  }
  type EventHandler<E> = ((event: E) => void) | { handleEvent(event: E): void };

  // ---- Options ------------------------------------------------------------

  /** How dead peers are found. Both times are in milliseconds, above 0. */
  interface Heartbeat {
    /** A peer of which nothing came for so long gets a ping. */
    interval: number;
    /** So long after the ping it is terminated, if nothing comes. Default: `interval` */
    timeout?: number | null | undefined;
  }

  /** What clients and servers have in common. */
  interface ConnectionOptions {
    /** Several messages in one tick. Default: `true` */
    allowSynchronousEvents?: boolean | undefined;
    /** Answer pings. Default: `true` */
    autoPong?: boolean | undefined;
    /** Milliseconds that the closing handshake may take. Default: 30000 */
    closeTimeout?: number | undefined;
    /** An addition to ws: peers that say nothing are asked, and dead ones ended. */
    heartbeat?: Heartbeat | false | null | undefined;
    /** Chunks kept for an unfinished frame; 0: no limit. Default: 262144 */
    maxBufferedChunks?: number | undefined;
    /** Fragments of one message; 0: no limit. Default: 16384 */
    maxFragments?: number | undefined;
    /** Bytes of one message; 0: no limit. Default: 104857600 (100 MiB) */
    maxPayload?: number | undefined;
    /** Unwritten automatic pongs before `terminate()`; 0: no limit. Default: 60 */
    maxPendingAutoPongs?: number | undefined;
    /** Default: `true` on the client, `false` on the server */
    perMessageDeflate?: boolean | PerMessageDeflateOptions | undefined;
    /** Let invalid UTF-8 through. Default: `false` */
    skipUTF8Validation?: boolean | undefined;
  }

  /** Options of the client; those of `http.request()` are passed on. */
  interface ClientOptions extends ConnectionOptions, SecureContextOptions {
    agent?: Agent | undefined;
    checkServerIdentity?(servername: string, cert: CertMeta): boolean;
    createConnection?: typeof createConnection | undefined;
    family?: number | undefined;
    /** Called for each request; it has to call `request.end()`. */
    finishRequest?: FinishRequestCallback | undefined;
    /** Default: `false` */
    followRedirects?: boolean | undefined;
    /** Fills the 4 bytes of a frame's mask. Default: random bytes */
    generateMask?(mask: Buffer): void;
    /** Milliseconds of silence after which a request is given up. Default: no limit */
    handshakeTimeout?: number | undefined;
    headers?: { [key: string]: string } | undefined;
    host?: string | undefined;
    localAddress?: string | undefined;
    /** Default: 10 */
    maxRedirects?: number | undefined;
    /** The value of the `Origin` header. */
    origin?: string | undefined;
    protocol?: string | undefined;
    /** Subprotocols to offer when the constructor's argument is left out. */
    protocols?: string | string[] | undefined;
    /** 8 or 13. Default: 13 */
    protocolVersion?: number | undefined;
    rejectUnauthorized?: boolean | undefined;
    /** The name in the TLS handshake. Default: the host, unless an IP */
    servername?: string | undefined;
  }

  /** Options of the server: exactly one of `port`, `server`, `noServer`. */
  interface ServerOptions<
    U extends ConnectionClass = typeof WebSocket.WebSocket,
    V extends typeof IncomingMessage = typeof IncomingMessage
  > extends ConnectionOptions {
    /**
     * Who reads the requests of a plain HTTP server: ws-rs, or Node. An addition
     * to ws. Default: `'native'`
     */
    accept?: 'native' | 'node' | undefined;
    /** Length of the queue of connections to be accepted. Default: 511 */
    backlog?: number | undefined;
    /** Keep `clients`. Default: `true` */
    clientTracking?: boolean | undefined;
    /** Chooses a subprotocol. Default: the first that was offered */
    handleProtocols?: (
      protocols: Set<string>,
      request: InstanceType<V>
    ) => string | false;
    host?: string | undefined;
    /**
     * An addition to ws: how many threads read and write the sockets, past the
     * event loop, 0 to 64. Default: 0
     */
    ioThreads?: number | undefined;
    /** An addition to ws: bytes that may wait for a slow peer. Default: no limit */
    maxBackpressure?: number | undefined;
    /**
     * An addition to ws: what happens to a message beyond that; a function gets
     * the bytes that wait. Default: `'close'`, with code 1013
     */
    onBackpressure?:
      | 'close'
      | 'drop'
      | ((
          websocket: InstanceType<U>,
          bytes: number
        ) => 'close' | 'drop' | 'queue')
      | undefined;
    /** Upgrades come through `handleUpgrade()`. Default: `false` */
    noServer?: boolean | undefined;
    /** Accept this path only. Default: any */
    path?: string | undefined;
    port?: number | undefined;
    /** A server of your own; `close()` leaves it open. */
    server?: HttpServer<V> | HttpsServer<V> | undefined;
    /** An addition to ws: TLS of our own, with `port`. See docs/api.md. */
    tls?: TlsOptions | undefined;
    verifyClient?:
      | VerifyClientCallbackAsync<InstanceType<V>>
      | VerifyClientCallbackSync<InstanceType<V>>
      | undefined;
    /** The class of the connections. Default: `WebSocket` */
    WebSocket?: U | undefined;
  }

  /** Parameters of the permessage-deflate extension (RFC 7692, section 7). */
  interface PerMessageDeflateOptions {
    /** 8 to 15, or whether to negotiate it. */
    clientMaxWindowBits?: number | boolean | undefined;
    clientNoContextTakeover?: boolean | undefined;
    /** Messages worked on by other threads at once. Default: 10 */
    concurrencyLimit?: number | undefined;
    /**
     * An addition to ws: milliseconds without a message to compress after which
     * this end gives its context up, and the memory with it. Default: 0, never
     */
    idleTimeout?: number | undefined;
    /** 8 to 15, or whether to negotiate it. */
    serverMaxWindowBits?: number | boolean | undefined;
    serverNoContextTakeover?: boolean | undefined;
    /**
     * Bytes from which on a message is compressed, where this side keeps no
     * context between messages. Default: 1024
     */
    threshold?: number | undefined;
    /** As for `zlib.createDeflateRaw()`. */
    zlibDeflateOptions?:
      | (Omit<ZlibOptions, 'dictionary'> & {
          dictionary?: Buffer | Buffer[] | DataView | undefined;
        })
      | undefined;
    /** As for `zlib.createInflateRaw()`. */
    zlibInflateOptions?: ZlibOptions | undefined;
  }

  type CertMeta = string | string[] | Buffer | Buffer[];
  type FinishRequestCallback = (
    request: ClientRequest,
    websocket: TheClass
  ) => void;
  /** Accepts a handshake or, with `false`, answers with status 401. */
  type VerifyClientCallbackSync<
    Request extends IncomingMessage = IncomingMessage
  > = (info: { origin: string; secure: boolean; req: Request }) => boolean;
  /** The same by callback; `code` is the status of a refusal. Default: 401 */
  type VerifyClientCallbackAsync<
    Request extends IncomingMessage = IncomingMessage
  > = (
    info: { origin: string; secure: boolean; req: Request },
    callback: (
      res: boolean,
      code?: number,
      message?: string,
      headers?: OutgoingHttpHeaders
    ) => void
  ) => void;

  // ---- Server -------------------------------------------------------------

  interface AddressInfo {
    address: string;
    family: string;
    port: number;
  }

  /**
   * What a server says of its options, in as loose types as `@types/ws` needs for a
   * server to be given to functions that were declared with it.
   */
  interface ReadOptions extends Omit<
    ServerOptions<any, any>,
    'perMessageDeflate'
  > {
    perMessageDeflate?:
      | boolean
      | (PerMessageDeflateOptions & {
          clientMaxWindowBits?: number | undefined;
          serverMaxWindowBits?: number | undefined;
        })
      | undefined;
  }

  /** A WebSocket server; also exported as `WebSocketServer`. */
  class Server<
    T extends ConnectionClass = typeof WebSocket.WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends Listeners<ServerEvents<T, U>> {
    /** The open connections; absent if `clientTracking` is `false`. */
    clients: Set<InstanceType<T>>;
    options: ReadOptions;
    /** @deprecated Never set; see `options.path`. */
    path: string;

    /** @param callback Called on `'listening'` when `port` is used */
    constructor(options?: ServerOptions<T, U>, callback?: () => void);

    /** @throws {Error} In `noServer` mode */
    address(): AddressInfo | string | null;
    /** Accepts no more connections; those that are open stay open. */
    close(cb?: (err?: Error) => void): void;
    /** Answers an upgrade request that came over any duplex stream. */
    handleUpgrade(
      request: InstanceType<U>,
      socket: Duplex,
      upgradeHead: Buffer,
      callback: (client: InstanceType<T>, request: InstanceType<U>) => void
    ): void;
    /** Override it to refuse requests; `false` answers with status 400. */
    shouldHandle(request: InstanceType<U>): boolean | Promise<boolean>;
  }

  const WebSocketServer: typeof Server;
  interface WebSocketServer<
    T extends ConnectionClass = typeof WebSocket.WebSocket,
    U extends typeof IncomingMessage = typeof IncomingMessage
  > extends Server<T, U> {}

  // ---- Streams and parts --------------------------------------------------

  /** A stream of the messages: one message for each chunk written. */
  function createWebSocketStream(
    websocket: TheClass,
    options?: DuplexOptions
  ): Duplex;

  export import extension = codec.extension;
  export import PerMessageDeflate = codec.PerMessageDeflate;
  export import Receiver = codec.Receiver;
  export import Sender = codec.Sender;
  export import subprotocol = codec.subprotocol;
}

export = WebSocket;
