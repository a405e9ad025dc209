import { EventEmitter } from 'node:events';

/**
 * An `EventEmitter` whose listeners are checked against a table of events.
 * It exists in the types only: at run time the base class is `EventEmitter`.
 *
 * Every method has a second form for events that are not in the table, and
 * for listeners whose parameters are narrower than what is emitted.
 *
 * @typeParam Events Maps an event's name to the tuple of its arguments
 */
export declare class Listeners<Events> extends EventEmitter {
  on<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  on(event: string | symbol, listener: AnyListener<this>): this;

  once<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  once(event: string | symbol, listener: AnyListener<this>): this;

  off<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  off(event: string | symbol, listener: AnyListener<this>): this;

  addListener<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  addListener(event: string | symbol, listener: AnyListener<this>): this;

  removeListener<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  removeListener(event: string | symbol, listener: AnyListener<this>): this;

  prependListener<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  prependListener(event: string | symbol, listener: AnyListener<this>): this;

  prependOnceListener<K extends keyof Events>(
    event: K,
    listener: Listener<this, Events, K>
  ): this;
  prependOnceListener(
    event: string | symbol,
    listener: AnyListener<this>
  ): this;
}

type Listener<This, Events, K extends keyof Events> = (
  this: This,
  ...args: Extract<Events[K], unknown[]>
) => void;

type AnyListener<This> = (this: This, ...args: any[]) => void;
