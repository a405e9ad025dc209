import { Listeners } from './listeners.js';
import type { Adapter } from './topics.js';

/** A client of the package `redis` or `ioredis`: of one server, or of a cluster. */
export interface RedisClient {
  duplicate(...args: any[]): any;
  publish(...args: any[]): any;
  connect(...args: any[]): any;
}
/** Over Redis, with two connections to each server that it makes like the client. */
export declare class RedisAdapter
  extends Listeners<{ error: [error: Error]; reconnect: [] }>
  implements Adapter
{
  constructor(
    client: RedisClient,
    options?: {
      /** What the names of channels begin with. Default: `'ws-rs:'` */
      prefix?: string | undefined;
      /** Whether to use sharded pub/sub; for a cluster's client. Default: `false` */
      sharded?: boolean | undefined;
    }
  );
  publish(name: string, bytes: Uint8Array): Promise<unknown> | undefined;
  subscribe(name: string, listener: (bytes: Uint8Array) => void): Promise<void>;
  unsubscribe(name: string): Promise<void>;
  close(): Promise<void>;
}
/** A connection of `@nats-io/transport-node`. */
export interface NatsConnection {
  publish(...args: any[]): any;
  subscribe(...args: any[]): any;
  flush(): Promise<void>;
  status(): any;
  isClosed(): boolean;
}
/** Over NATS, on the connection that it is given. */
export declare class NatsAdapter
  extends Listeners<{ error: [error: Error]; reconnect: [] }>
  implements Adapter
{
  constructor(
    connection: NatsConnection,
    options?: {
      /** What subjects begin with. Default: `'ws-rs.'` */
      prefix?: string | undefined;
    }
  );
  publish(name: string, bytes: Uint8Array): Promise<unknown> | undefined;
  subscribe(name: string, listener: (bytes: Uint8Array) => void): Promise<void>;
  unsubscribe(name: string): void;
  close(): Promise<void>;
}
/** Between the threads of a process. */
export declare class BroadcastChannelAdapter
  extends Listeners<{ error: [error: Error] }>
  implements Adapter
{
  constructor(options?: {
    /** Of the channel. Default: `'ws-rs'` */
    name?: string | undefined;
  });
  publish(name: string, bytes: Uint8Array): void;
  subscribe(name: string, listener: (bytes: Uint8Array) => void): void;
  unsubscribe(name: string): void;
  close(): void;
}
