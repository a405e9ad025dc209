import type { Sendable, WebSocket } from '../index.js';
import { Listeners } from './listeners.js';

/** What a message for many can be: see `send()`, but a `Blob` has to be read. */
export type Shareable = Exclude<Sendable, Blob>;
export interface ShareOptions {
  /** Binary or text. Default: `true` unless the data is a string or number */
  binary?: boolean | undefined;
  /** Default: `true`; it is compressed once for all */
  compress?: boolean | undefined;
  /** Who does not get it, or a function that is called with each. */
  except?:
    | WebSocket
    | Iterable<WebSocket>
    | ((websocket: WebSocket) => boolean)
    | undefined;
}

export interface TopicsOptions {
  /** What exchanges messages with other processes. Default: nothing */
  adapter?: Adapter | undefined;
  /**
   * Bytes that the adapter may be behind; what is published on top of that
   * reaches this process only. Default: 64 MiB
   */
  maxPending?: number | undefined;
}
/**
 * Connections of any servers by the names of what they subscribe to.
 *
 * With an adapter there are the events `'error'`, which without a listener is a
 * warning of the process, and `'reconnect'`.
 */
export declare class Topics extends Listeners<{
  error: [error: Error];
  reconnect: [];
}> {
  /**
   * @throws {TypeError|RangeError} If the adapter is none, or an option is of no use
   * @throws {Error} If the adapter is in use
   */
  constructor(options?: TopicsOptions);
  /** @returns Whether it is new; `false` also if the connection is closing */
  subscribe(websocket: WebSocket, name: string): boolean;
  /**
   * @param name Default: all
   * @returns Whether it was a subscriber
   */
  unsubscribe(websocket: WebSocket, name?: string): boolean;
  /**
   * Has a function of this process hear what is published.
   *
   * @returns A function that ends that
   */
  listen(
    name: string,
    listener: (data: Buffer, isBinary: boolean) => void
  ): () => boolean;
  /** @returns How many connections of this process the message was given to */
  publish(name: string, data: Shareable, options?: ShareOptions): number;
  /** How many connections of this process subscribe. */
  size(name: string): number;
  /** What a connection subscribes to. */
  of(websocket: WebSocket): string[];
  /** Resolves when the adapter sends all that is subscribed to. */
  ready(): Promise<void>;
  /**
   * Takes all off all topics; the object is of no use any more.
   *
   * @returns A promise that is resolved when the adapter is closed
   */
  close(): Promise<void>;
}

/** What `Topics` need of something that exchanges messages: docs/scaling.md. */
export interface Adapter {
  /** Gives bytes to all other processes that subscribe to a name. */
  publish(name: string, bytes: Uint8Array): unknown;
  /** Has a function called with the bytes that come for a name. */
  subscribe(name: string, listener: (bytes: Uint8Array) => void): unknown;
  unsubscribe(name: string): unknown;
  close(): unknown;
  /** If it can lose a broker: says so, and when it is back. */
  on?(event: 'error', listener: (error: Error) => void): unknown;
  on?(event: 'reconnect', listener: () => void): unknown;
}
