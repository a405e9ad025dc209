//! The numbers that both languages know, written once: `npm run build` makes
//! `lib/native/numbers.js` of them.

/// Makes a module of each group, and of all of them the text that the build script reads: a line
/// `group name value`, with what it says of the number.
macro_rules! numbers {
    ($(
        $(#[doc = $about:literal])*
        $group:ident {$(
            $(#[doc = $doc:literal])*
            $name:ident: $kind:ty = $value:expr;
        )*}
    )*) => {
        $(
            $(#[doc = $about])*
            #[allow(dead_code, reason = "some are for JavaScript alone")]
            pub(crate) mod $group {
                $(
                    $(#[doc = $doc])*
                    pub(crate) const $name: $kind = $value;
                )*
            }
        )*

        /// All numbers: `group|what it is` begins a group, `name|value|what it is` is one of it.
        pub(crate) fn list() -> String {
            let mut list = String::new();
            $(
                list.push_str(concat!(stringify!($group), "|", $($about,)* "\n"));
                $(
                    list.push_str(&format!(
                        concat!(stringify!($name), "|{}|", $($doc,)* "\n"),
                        $group::$name
                    ));
                )*
            )*
            list
        }
    };
}

numbers! {
    /// The first byte of a frame (RFC 6455, section 5.2).
    frame {
        FIN: u32 = 0x80;
        /// Compressed (RFC 7692, section 6).
        RSV1: u32 = 0x40;
        /// The bits of the opcode, ...
        OPCODE: u32 = 0x0f;
        /// ... and its values.
        TEXT: u32 = 1;
        BINARY: u32 = 2;
        CLOSE: u32 = 8;
        PING: u32 = 9;
        PONG: u32 = 10;
    }

    /// Rows of events. The kind of one is an opcode, or one of these.
    row {
        /// How many numbers a row has: kind, start, length and one value more.
        SIZE: usize = 4;
        COMPRESSED: u32 = 16;
        ERROR: u32 = 32;
        /// The bits of the kind; those above say where the payload is.
        KIND: u32 = 0xff;
        /// It is a `Buffer` of its own, in the second array.
        STORED: u32 = 0x100;
        /// It is what was just handed in.
        WHOLE: u32 = 0x200;
        /// An I/O thread has inflated it. It is the last of its batch.
        INFLATED: u32 = 0x400;
        /// It is the last of its batch, and behind their chunk is the peer's end, as far as was asked.
        LAST: u32 = 0x800;
    }

    /// Row 0: how far a chunk was decoded, how long it is, where it lies and whose it is.
    header {
        POSITION: usize = 0;
        LENGTH: usize = 1;
        SOURCE: usize = 2;
        SLOT: usize = 3;
    }

    /// Where a chunk lies that the event loop has read.
    source {
        /// In the scratch.
        SCRATCH: u32 = 0;
        /// In the `Buffer` for a long message, the first of the payloads.
        SPARE: u32 = 1;
        /// All of it is where its message was put together.
        NOWHERE: u32 = 2;
    }

    /// Flags of a connection.
    config {
        /// permessage-deflate was negotiated.
        COMPRESSION: u32 = 1;
        SKIP_UTF8_VALIDATION: u32 = 2;
        /// One event a macrotask is handed out.
        SINGLE: u32 = 4;
        /// It is a Unix socket.
        LOCAL: u32 = 8;
        /// An I/O thread may answer pings.
        ANSWER_PINGS: u32 = 16;
    }

    /// What can be asked of a connection.
    counter {
        /// What the frames of the open message announced, in bytes.
        MESSAGE_LENGTH: u32 = 0;
        /// Bytes held of a frame that is not complete.
        HELD_BYTES: u32 = 1;
        /// Past the `net.Socket`, as is what was read.
        BYTES_WRITTEN: u32 = 2;
        BYTES_READ: u32 = 3;
        /// The system error number of a failed write, or -1: a payload was taken away half written.
        WRITE_ERROR: u32 = 4;
        /// Bytes in the outbox, ...
        WAITING: u32 = 5;
        /// ... those of them that the wire did not take, as Node counts them, ...
        BLOCKED_LENGTH: u32 = 6;
        /// ... and the most that these have been since it was last asked.
        PEAK: u32 = 7;
        /// Tracked frames of what the wire took a part of, or nothing.
        UNDER_WAY: u32 = 8;
        /// The bytes of that which wait.
        UNDER_WAY_LENGTH: u32 = 9;
        /// 1 if nothing of what was ever sent was taken.
        ALL_LOST: u32 = 10;
    }

    /// Flags of a frame that is sent, above its first byte.
    flag {
        /// Other messages of the chunk are yet to be handed out.
        MORE_MESSAGES: u32 = 0x100;
        /// Its fate is asked for.
        TRACK: u32 = 0x200;
        MASK_RANDOM: u32 = 0x400;
        MASK_KEY: u32 = 0x800;
        /// The bytes are a part of a frame that somebody else made.
        NO_HEADER: u32 = 0x1000;
        /// How long the payload was before it was compressed is said, too.
        LENGTH: u32 = 0x2000;
        /// The bytes begin with the header of a frame that somebody else made.
        HEADER: u32 = 0x4000;
    }

    /// What became of a frame that was sent; `undefined` if JavaScript has nothing to do for it.
    sent {
        WRITTEN: u32 = 0;
        WITH_BATCH: u32 = 1;
        WITH_TICK: u32 = 2;
        /// It is the stream's to write, now.
        TAKE: u32 = 3;
        BLOCKED: u32 = 4;
        FAILED: u32 = 5;
        /// No I/O thread compresses it.
        NOT_PACKED: u32 = 6;
        /// The bits of these; others are added.
        ANSWER: u32 = 7;
        /// Frames of others waited for long enough, and some of them are the stream's to write.
        OVERDUE: u32 = 8;
        /// `endTick` is to be called when the tick ends.
        SCHEDULE: u32 = 16;
        /// From this bit on: how many connections of a message for many JavaScript has to see to.
        REST: u32 = 5;
    }

    /// Memory for short messages that JavaScript sends in a turn: numbers, then records of them, then
    /// payloads, each with room for the longest.
    stage {
        /// Which number says whether frames may be put there: 0, or ...
        OPEN: usize = 0;
        /// ... if more messages of the chunk are to come, or ...
        IN_CHUNK: u32 = 1;
        /// ... in any case, as another socket waits for its turn.
        IN_BATCH: u32 = 2;
        /// Which number says how many there are, at most ...
        COUNT: usize = 1;
        /// ... so many.
        MOST: usize = 7;
        /// Where the records begin, and how many numbers each has: the connection's,
        /// in two, the frame's first byte, the length of the payload.
        RECORDS: usize = 4;
        RECORD: usize = 4;
        /// The most bytes of a payload.
        MAX_LENGTH: usize = 2048;
        /// The byte where the room of the first payload begins, and how far it is to the next.
        DATA: usize = 128;
        STEP: usize = 2056;
    }

    /// How frames ended whose fate was asked for, in the low bits; above is how many in a row.
    fate {
        WRITTEN: u32 = 0;
        LOST: u32 = 1;
        TAKEN_AWAY: u32 = 2;
        /// How many bits.
        BITS: u32 = 2;
    }

    /// What a server's meter is told of.
    meter {
        /// How many numbers `meterRead` gives before those of close codes.
        NUMBERS: usize = 15;
        /// A message was dropped.
        DROPPED: u32 = 0;
        /// A ping was not answered in time.
        MISSED: u32 = 1;
        /// A connection that was accepted natively needs its program's side.
        MATERIALIZED: u32 = 2;
    }

    /// What `loopClose` says of a connection that an I/O thread had.
    left {
        /// It has read more, which `onUnread` is going to be called with.
        UNREAD: u32 = 1;
        /// It has looked after the peer, which is the environment's to do again: `heartbeatNews` says when.
        HEARTBEAT: u32 = 2;
    }

    /// What `heartbeatLook` says of a connection instead of the token of a ping to be sent.
    heartbeat {
        /// It was asked and did not answer.
        DEAD: i32 = -1;
        /// There is something to look at in its outbox.
        ATTEND: i32 = -2;
        /// How many bytes a token has.
        TOKEN_LENGTH: usize = ws_rs_engine::heartbeat::TOKEN_LEN;
    }

    /// Flags of a payload that is compressed or decompressed.
    task {
        /// Payloads of more bytes go to a thread of their own.
        MAX_INLINE: u64 = ws_rs_protocol::MAX_INLINE_LEN;
        FIN: u32 = 1;
        RESET: u32 = 2;
        /// The result may lie in memory that others use, too.
        LENT: u32 = 4;
    }

    /// What a codec answers instead of bytes or their number.
    codec {
        TOO_LONG: u32 = u32::MAX;
        OUT_OF_MEMORY: u32 = u32::MAX - 1;
        FAILED: u32 = u32::MAX - 2;
    }

    /// Kinds of protocol errors.
    error {
        MESSAGE_TOO_LONG: u32 = ws_rs_protocol::ErrorKind::UnsupportedMessageLength as u32;
    }

    /// What has come on a connection instead of a request to be upgraded.
    request {
        NOTHING: u32 = 0;
        /// Something that Node is to judge.
        OTHER: u32 = 1;
        /// Over TLS: a hello, whose context is to be picked.
        HELLO: u32 = 2;
        /// Over TLS: the end.
        END: u32 = 3;
    }

    /// Options of a TLS context.
    tls {
        ASK_CLIENTS: u32 = 1;
        REQUIRE_CLIENTS: u32 = 2;
        /// At least, and at most, which version is spoken.
        LEAST_13: u32 = 4;
        MOST_12: u32 = 8;
    }

    /// The numbers of connections: which of those that exist it is, and how often that was used.
    id {
        SLOTS: u32 = ws_rs_engine::registry::MAX_LEN;
    }
}
