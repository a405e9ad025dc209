'use strict';

// Made from src/numbers.rs by `npm run build`: change that, not this.

module.exports = {
  /** The first byte of a frame (RFC 6455, section 5.2). */
  frame: {
    FIN: 128,
    /** Compressed (RFC 7692, section 6). */
    RSV1: 64,
    /** The bits of the opcode, ... */
    OPCODE: 15,
    /** ... and its values. */
    TEXT: 1,
    BINARY: 2,
    CLOSE: 8,
    PING: 9,
    PONG: 10
  },

  /** Rows of events. The kind of one is an opcode, or one of these. */
  row: {
    /** How many numbers a row has: kind, start, length and one value more. */
    SIZE: 4,
    COMPRESSED: 16,
    ERROR: 32,
    /** The bits of the kind; those above say where the payload is. */
    KIND: 255,
    /** It is a `Buffer` of its own, in the second array. */
    STORED: 256,
    /** It is what was just handed in. */
    WHOLE: 512,
    /** An I/O thread has inflated it. It is the last of its batch. */
    INFLATED: 1024,
    /** It is the last of its batch, and behind their chunk is the peer's end, as far as was asked. */
    LAST: 2048
  },

  /** Row 0: how far a chunk was decoded, how long it is, where it lies and whose it is. */
  header: {
    POSITION: 0,
    LENGTH: 1,
    SOURCE: 2,
    SLOT: 3
  },

  /** Where a chunk lies that the event loop has read. */
  source: {
    /** In the scratch. */
    SCRATCH: 0,
    /** In the `Buffer` for a long message, the first of the payloads. */
    SPARE: 1,
    /** All of it is where its message was put together. */
    NOWHERE: 2
  },

  /** Flags of a connection. */
  config: {
    /** permessage-deflate was negotiated. */
    COMPRESSION: 1,
    SKIP_UTF8_VALIDATION: 2,
    /** One event a macrotask is handed out. */
    SINGLE: 4,
    /** It is a Unix socket. */
    LOCAL: 8,
    /** An I/O thread may answer pings. */
    ANSWER_PINGS: 16
  },

  /** What can be asked of a connection. */
  counter: {
    /** What the frames of the open message announced, in bytes. */
    MESSAGE_LENGTH: 0,
    /** Bytes held of a frame that is not complete. */
    HELD_BYTES: 1,
    /** Past the `net.Socket`, as is what was read. */
    BYTES_WRITTEN: 2,
    BYTES_READ: 3,
    /** The system error number of a failed write, or -1: a payload was taken away half written. */
    WRITE_ERROR: 4,
    /** Bytes in the outbox, ... */
    WAITING: 5,
    /** ... those of them that the wire did not take, as Node counts them, ... */
    BLOCKED_LENGTH: 6,
    /** ... and the most that these have been since it was last asked. */
    PEAK: 7,
    /** Tracked frames of what the wire took a part of, or nothing. */
    UNDER_WAY: 8,
    /** The bytes of that which wait. */
    UNDER_WAY_LENGTH: 9,
    /** 1 if nothing of what was ever sent was taken. */
    ALL_LOST: 10
  },

  /** Flags of a frame that is sent, above its first byte. */
  flag: {
    /** Other messages of the chunk are yet to be handed out. */
    MORE_MESSAGES: 256,
    /** Its fate is asked for. */
    TRACK: 512,
    MASK_RANDOM: 1024,
    MASK_KEY: 2048,
    /** The bytes are a part of a frame that somebody else made. */
    NO_HEADER: 4096,
    /** How long the payload was before it was compressed is said, too. */
    LENGTH: 8192,
    /** The bytes begin with the header of a frame that somebody else made. */
    HEADER: 16384
  },

  /** What became of a frame that was sent; `undefined` if JavaScript has nothing to do for it. */
  sent: {
    WRITTEN: 0,
    WITH_BATCH: 1,
    WITH_TICK: 2,
    /** It is the stream's to write, now. */
    TAKE: 3,
    BLOCKED: 4,
    FAILED: 5,
    /** No I/O thread compresses it. */
    NOT_PACKED: 6,
    /** The bits of these; others are added. */
    ANSWER: 7,
    /** Frames of others waited for long enough, and some of them are the stream's to write. */
    OVERDUE: 8,
    /** `endTick` is to be called when the tick ends. */
    SCHEDULE: 16,
    /** From this bit on: how many connections of a message for many JavaScript has to see to. */
    REST: 5
  },

  /** Memory for short messages that JavaScript sends in a turn: numbers, then records of them, then payloads, each with room for the longest. */
  stage: {
    /** Which number says whether frames may be put there: 0, or ... */
    OPEN: 0,
    /** ... if more messages of the chunk are to come, or ... */
    IN_CHUNK: 1,
    /** ... in any case, as another socket waits for its turn. */
    IN_BATCH: 2,
    /** Which number says how many there are, at most ... */
    COUNT: 1,
    /** ... so many. */
    MOST: 7,
    /** Where the records begin, and how many numbers each has: the connection's, in two, the frame's first byte, the length of the payload. */
    RECORDS: 4,
    RECORD: 4,
    /** The most bytes of a payload. */
    MAX_LENGTH: 2048,
    /** The byte where the room of the first payload begins, and how far it is to the next. */
    DATA: 128,
    STEP: 2056
  },

  /** How frames ended whose fate was asked for, in the low bits; above is how many in a row. */
  fate: {
    WRITTEN: 0,
    LOST: 1,
    TAKEN_AWAY: 2,
    /** How many bits. */
    BITS: 2
  },

  /** What a server's meter is told of. */
  meter: {
    /** How many numbers `meterRead` gives before those of close codes. */
    NUMBERS: 15,
    /** A message was dropped. */
    DROPPED: 0,
    /** A ping was not answered in time. */
    MISSED: 1,
    /** A connection that was accepted natively needs its program's side. */
    MATERIALIZED: 2
  },

  /** What `loopClose` says of a connection that an I/O thread had. */
  left: {
    /** It has read more, which `onUnread` is going to be called with. */
    UNREAD: 1,
    /** It has looked after the peer, which is the environment's to do again: `heartbeatNews` says when. */
    HEARTBEAT: 2
  },

  /** What `heartbeatLook` says of a connection instead of the token of a ping to be sent. */
  heartbeat: {
    /** It was asked and did not answer. */
    DEAD: -1,
    /** There is something to look at in its outbox. */
    ATTEND: -2,
    /** How many bytes a token has. */
    TOKEN_LENGTH: 6
  },

  /** Flags of a payload that is compressed or decompressed. */
  task: {
    /** Payloads of more bytes go to a thread of their own. */
    MAX_INLINE: 16384,
    FIN: 1,
    RESET: 2,
    /** The result may lie in memory that others use, too. */
    LENT: 4
  },

  /** What a codec answers instead of bytes or their number. */
  codec: {
    TOO_LONG: 4294967295,
    OUT_OF_MEMORY: 4294967294,
    FAILED: 4294967293
  },

  /** Kinds of protocol errors. */
  error: {
    MESSAGE_TOO_LONG: 11
  },

  /** What has come on a connection instead of a request to be upgraded. */
  request: {
    NOTHING: 0,
    /** Something that Node is to judge. */
    OTHER: 1,
    /** Over TLS: a hello, whose context is to be picked. */
    HELLO: 2,
    /** Over TLS: the end. */
    END: 3
  },

  /** Options of a TLS context. */
  tls: {
    ASK_CLIENTS: 1,
    REQUIRE_CLIENTS: 2,
    /** At least, and at most, which version is spoken. */
    LEAST_13: 4,
    MOST_12: 8
  },

  /** The numbers of connections: which of those that exist it is, and how often that was used. */
  id: {
    SLOTS: 4194304
  }
};
