/** Numbers that only grow, but for `connections` and `queuedBytes`. */
export interface Metrics {
  connections: {
    open: number;
    /** Those that Rust reads and writes, on the event loop. */
    loop: number;
    /** Those that Node's stream does. */
    stream: number;
    /** Those that an I/O thread does. */
    threads: number;
    /** Those that were accepted natively, and on which nothing has happened. */
    light: number;
  };
  opened: number;
  acceptedNatively: number;
  /** Those that Node has accepted, by the reason. */
  acceptedByNode: Record<string, number>;
  /** Of those accepted natively: on which something has happened. */
  materialized: number;
  /** By close code. */
  closed: Record<string, number>;
  received: Traffic;
  sent: Traffic;
  /** Bytes that wait for slow peers now. */
  queuedBytes: number;
  /** Messages that `maxBackpressure` has kept from being queued. */
  dropped: number;
  /** Peers that were terminated because of `heartbeat`. */
  heartbeatsMissed: number;
}

/** Messages one way. */
export interface Traffic {
  messages: number;
  /** Of messages, before compression. */
  bytes: number;
  /** Of frames, after compression. */
  wireBytes: number;
}
