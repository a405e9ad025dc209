import { Duplex, Writable } from 'node:stream';
import type { PerMessageDeflateOptions, RawData } from '../index.js';

/** The parameters of one extension, each with every value it was given. */
export type ExtensionParameters = Record<string, Array<string | true>>;

/** Reads and writes `Sec-WebSocket-Extensions` (RFC 6455, section 9.1). */
export declare const extension: {
  /**
   * @param extensions Parameters by extension name, one set or several
   * @returns The value of the header
   */
  format(
    extensions: Record<
      string,
      Record<string, unknown> | Array<Record<string, unknown>>
    >
  ): string;

  /**
   * @param header The value of the header
   * @returns By extension name, the sets of parameters in order of preference
   * @throws {SyntaxError} If the header is malformed
   */
  parse(header: string): Record<string, ExtensionParameters[]>;
};

/** Reads `Sec-WebSocket-Protocol` (RFC 6455, section 11.3.4). */
export declare const subprotocol: {
  /**
   * @param header The value of the header
   * @returns The names in order of preference
   * @throws {SyntaxError} If the header is malformed or repeats a name
   */
  parse(header: string): Set<string>;
};

/** The permessage-deflate extension of one connection (RFC 7692). */
export declare class PerMessageDeflate {
  /** `'permessage-deflate'` */
  static readonly extensionName: string;

  /** The negotiated parameters; `null` before `accept()`. */
  params: Record<string, boolean | number> | null;

  constructor(
    options?: PerMessageDeflateOptions & {
      /** Which end of the connection this is. Default: `false` */
      isServer?: boolean | undefined;
      /** Limit of an inflated message in bytes; 0: none. Default: 0 */
      maxPayload?: number | undefined;
    }
  );

  /** @returns The parameters that a client offers */
  offer(): Record<string, boolean | number>;

  /**
   * Takes a client's offers (server) or the server's answer (client).
   *
   * @throws {Error} If none of them is acceptable
   */
  accept(
    configurations: Array<Record<string, unknown>>
  ): Record<string, boolean | number>;

  /** Frees the compression state; jobs under way fail. */
  cleanup(): void;

  /** Compresses one fragment; `fin` tells that it is the last one. */
  compress(
    data: Buffer | string,
    fin: boolean,
    callback: (err: Error | null, result: Buffer) => void
  ): void;

  /** Inflates one fragment; `fin` tells that it is the last one. */
  decompress(
    data: Buffer,
    fin: boolean,
    callback: (err: Error | null, result: Buffer) => void
  ): void;
}

/** Options of {@link Receiver}. */
export interface ReceiverOptions {
  /** Default: `true` */
  allowSynchronousEvents?: boolean | undefined;
  /** Default: `'nodebuffer'` */
  binaryType?: 'nodebuffer' | 'arraybuffer' | 'fragments' | 'blob' | undefined;
  /** The negotiated extensions by name. Default: none */
  extensions?: Record<string, PerMessageDeflate> | undefined;
  /** Whether frames must be masked. Default: `false` */
  isServer?: boolean | undefined;
  /** 0: no limit. Default: 0 */
  maxBufferedChunks?: number | undefined;
  /** 0: no limit. Default: 0 */
  maxFragments?: number | undefined;
  /** Bytes; 0: no limit. Default: 0 */
  maxPayload?: number | undefined;
  /** Default: `false` */
  skipUTF8Validation?: boolean | undefined;
}

/**
 * Turns the bytes of a connection into events: `'message'` (data, isBinary),
 * `'ping'` and `'pong'` (data), `'conclude'` (code, reason), `'error'`.
 * Low-level: a `WebSocket` makes its own.
 */
export declare class Receiver extends Writable {
  constructor(options?: ReceiverOptions);

  on(
    event: 'message',
    listener: (data: RawData, isBinary: boolean) => void
  ): this;
  on(event: 'ping' | 'pong', listener: (data: Buffer) => void): this;
  on(event: 'conclude', listener: (code: number, reason: Buffer) => void): this;
  on(event: string | symbol, listener: (...args: any[]) => void): this;
}

/** What a frame's header says. */
export interface FrameOptions {
  /** Whether this is the last fragment of its message. */
  fin: boolean;
  /** The opcode, 0 to 15. */
  opcode: number;
  /** Whether to mask the payload. */
  mask: boolean;
  /** Whether `data` may be masked in place only if `false`. */
  readOnly: boolean;
  /** The RSV1 bit. Default: `false` */
  rsv1?: boolean | undefined;
  /** Fills the 4 bytes of a mask. Default: random bytes */
  generateMask?: ((mask: Buffer) => void) | undefined;
}

/** Writes frames to a socket. Low-level: a `WebSocket` makes its own. */
export declare class Sender {
  /** @returns The frame in one or two pieces, ready to be written */
  static frame(data: Buffer | string, options: FrameOptions): Buffer[];

  constructor(
    socket: Duplex,
    extensions?: Record<string, PerMessageDeflate>,
    generateMask?: (mask: Buffer) => void
  );

  /** Writes what {@link Sender.frame} returned. */
  sendFrame(list: Buffer[], callback?: (err?: Error | null) => void): void;
  send(
    data: any,
    options: {
      binary?: boolean;
      compress?: boolean;
      fin?: boolean;
      mask?: boolean;
    },
    callback?: (err?: Error | null) => void
  ): void;
  ping(
    data: any,
    mask?: boolean,
    callback?: (err?: Error | null) => void
  ): void;
  pong(
    data: any,
    mask?: boolean,
    callback?: (err?: Error | null) => void
  ): void;
  close(
    code?: number,
    data?: string | Uint8Array,
    mask?: boolean,
    callback?: (err?: Error | null) => void
  ): void;
}
