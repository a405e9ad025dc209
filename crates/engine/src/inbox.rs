//! How a connection is read: into whose memory, how much at once, and when it is another's turn.

/// Reads of one connection before others, and timers, have their turn.
pub const MAX_READS: usize = 4;
/// No more is read at once, so that what a read gave is still in the cache when it is unmasked: half
/// of what a core had of its own where this was measured. 256 KiB and 768 KiB did about as well.
pub const MAX_READ: usize = 512 * 1024;
/// What the scratch of an environment holds, which is the most that one read of a connection gives
/// whose messages are short.
pub const SCRATCH: usize = 64 * 1024;

/// Messages from this size on are read into a buffer of their own, whole with their header ...
const OWN_BUFFER: usize = 16 * 1024;
/// ... up to this one. Longer ones take several reads: the first tells the length, the others go
/// where the bytes belong.
const MAX_OWN_BUFFER: usize = 512 * 1024;
/// That first read, which is copied to where the others go.
const FIRST_READ: usize = 16 * 1024;
/// So that a number of 16 bits says how long those are.
const HINT_UNIT: usize = 16;
/// RFC 6455, section 5.2: two bytes, eight of length, four of masking key.
const MAX_HEADER: usize = 14;
/// The least of a frame that is worth a read past the scratch.
const DIRECT_PAYLOAD: u64 = 8 * 1024;
/// Beyond this much missing, the kernel is asked how much there is.
const ASK_KERNEL: u64 = 64 * 1024;

/// Whose memory the next read goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// So many bytes of the scratch, out of which messages are copied.
    Scratch(usize),
    /// A buffer of so many bytes, which the message in it keeps.
    Own(usize),
}

/// Who gets what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// Who answers the request for a connection, which is yet to come.
    Handshake,
    /// The connection.
    Connection,
    /// A stream of Node's.
    Stream,
    /// A stream of Node's, which wants nothing now.
    Nobody,
}

/// Whether the decoder takes what comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoder {
    /// It is through with all that came.
    Free,
    /// It works on a chunk.
    Busy,
    /// It works on a chunk, and nobody waits for it any more: what comes is queued.
    BusyForGood,
}

/// What becomes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are decoded at once.
    Decode,
    /// The decoder works on earlier ones: they wait.
    Queue,
    /// The program reads no more for now: they are Node's.
    Paused,
    /// A stream of Node's gets them as they are.
    Stream,
    /// They are not read.
    Leave,
}

/// What to do after a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// There may be more: read again.
    Again,
    /// All was read; there will be word of more.
    Wait,
    /// There may be more to read, but it is the turn of others.
    Rearm,
}

impl Next {
    /// As it is behind a message that an I/O thread has inflated: that has a macrotask of its own, as with ws.
    #[must_use]
    pub const fn in_another_turn(self) -> Self {
        match self {
            Self::Again => Self::Rearm,
            next => next,
        }
    }
}

/// One connection's reading.
#[derive(Debug)]
pub struct Inbox {
    /// One event a macrotask.
    single: bool,
    /// A read may end early without being the last, at descriptors that the peer sent along.
    is_local: bool,
    is_busy: bool,
    is_paused: bool,
    reader: Reader,
    /// Something has come that was not read, as the decoder was busy.
    is_left: bool,
    /// The length of the last message in units of 16 bytes, or the most that a number of this size says.
    hint: u16,
    /// How far the reads since there was last nothing left are into a slice that libuv would read at once.
    within: u16,
}

impl Inbox {
    /// A connection of which nothing was read. `single` has it hand out one event a macrotask;
    /// `is_local` says that it is a Unix socket.
    #[must_use]
    pub const fn new(single: bool, is_local: bool) -> Self {
        Self {
            single,
            is_local,
            is_busy: false,
            is_paused: false,
            reader: Reader::Connection,
            is_left: false,
            hint: 0,
            within: 0,
        }
    }

    /// Whether it hands out one event a macrotask.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.single
    }

    /// A connection whose request is yet to come.
    #[must_use]
    pub const fn for_handshake() -> Self {
        Self {
            reader: Reader::Handshake,
            ..Self::new(false, false)
        }
    }

    /// Who gets what comes.
    #[must_use]
    pub const fn reader(&self) -> Reader {
        self.reader
    }

    /// Somebody else gets what comes.
    pub const fn set_reader(&mut self, reader: Reader) {
        self.reader = reader;
    }

    /// Notes what the decoder does. Returns whether there is to be word of what was [left](Self::leave) for it.
    pub const fn set_decoder(&mut self, decoder: Decoder) -> bool {
        self.is_busy = !matches!(decoder, Decoder::Free);
        !matches!(decoder, Decoder::Busy) && std::mem::replace(&mut self.is_left, false)
    }

    /// What has come is not read as long as the decoder is busy.
    pub const fn leave(&mut self) {
        self.is_left = true;
    }

    /// Whether the program reads no more for now.
    #[must_use]
    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// The program reads no more, or goes on.
    pub const fn set_paused(&mut self, paused: bool) {
        self.is_paused = paused;
    }

    /// What becomes of the next bytes.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        match (self.reader, self.is_paused, self.is_busy) {
            (Reader::Handshake | Reader::Nobody, ..) => Mode::Leave,
            (Reader::Stream, ..) => Mode::Stream,
            (Reader::Connection, true, _) => Mode::Paused,
            (Reader::Connection, false, true) => Mode::Queue,
            (Reader::Connection, false, false) => Mode::Decode,
        }
    }

    /// Where the next bytes go. Who knows no better expects that messages are as long as the last.
    #[must_use]
    pub fn target(&self) -> Target {
        if self.mode() != Mode::Decode {
            // As libuv reads it.
            return Target::Scratch(SCRATCH);
        }
        let hint = usize::from(self.hint) * HINT_UNIT;
        match hint {
            // One byte more than the message: if it is all there is, the read shows it.
            OWN_BUFFER..=MAX_OWN_BUFFER => Target::Own(hint + MAX_HEADER + 1),
            0..=MAX_OWN_BUFFER => Target::Scratch(SCRATCH),
            _ => Target::Scratch(FIRST_READ),
        }
    }

    /// Notes what a chunk of `len` bytes held: `missing` bytes of a frame are to come, and the
    /// longest message had `longest` bytes.
    pub fn decoded(&mut self, len: usize, missing: u64, longest: Option<usize>) {
        if missing > 0 {
            self.hint = hint(missing.saturating_add(len as u64));
        } else if let Some(longest) = longest {
            self.hint = hint(longest as u64);
        }
    }

    /// Notes that a read gave `len` of `asked` bytes.
    pub const fn was_read(&mut self, len: usize, asked: usize) {
        self.within = if len < asked {
            0
        } else {
            ((self.within as usize + len) % SCRATCH) as u16
        };
    }

    /// Notes that a read found nothing.
    pub const fn was_empty(&mut self) {
        self.within = 0;
    }

    /// Whether libuv, had it read the next `len` bytes, would have had room for more: of a connection that is over
    /// it takes these for the last then, and does not look what is behind them. How many bytes it would have read of
    /// what `is_encrypted` nobody knows. To be asked before [`was_read`](Self::was_read).
    #[must_use]
    pub const fn is_partial(&self, len: usize, is_encrypted: bool) -> bool {
        is_encrypted || !(self.within as usize + len).is_multiple_of(SCRATCH)
    }

    /// How many bytes more libuv would have read together with the last ones, if they have come.
    #[must_use]
    pub const fn rest_of_slice(&self) -> usize {
        if self.within == 0 {
            0
        } else {
            SCRATCH - self.within as usize
        }
    }

    /// What follows a read that gave `len` of `asked` bytes. `drain` says that a short read may not
    /// be the last, as there is an end or an error behind the bytes, or urgent data between them;
    /// `told_again`, that there will be word of what is left in any case.
    #[must_use]
    pub const fn after(&self, len: usize, asked: usize, drain: bool, told_again: bool) -> Next {
        if len < asked && !drain && (!self.is_local || told_again) {
            Next::Wait
        } else if self.is_paused || self.single {
            // With one event a macrotask even the end comes behind what was read, as from Node.
            Next::Rearm
        } else {
            Next::Again
        }
    }
}

/// A message that gets a buffer has room for all of it; others are none that would get one.
fn hint(len: u64) -> u16 {
    let units = if len < OWN_BUFFER as u64 {
        len / HINT_UNIT as u64
    } else {
        len.div_ceil(HINT_UNIT as u64)
    };
    u16::try_from(units).unwrap_or(u16::MAX)
}

/// Whether a frame that misses so much is read straight to where its message is put together.
#[must_use]
pub const fn reads_past_scratch(missing: u64) -> bool {
    missing >= DIRECT_PAYLOAD
}

/// Whether the kernel is worth a question how much it has of the bytes that a frame misses: memory
/// is taken for twice as much, at most.
#[must_use]
pub const fn asks_kernel(missing: u64) -> bool {
    missing > ASK_KERNEL
}

/// Whether a buffer of `has` bytes does for a message that wants `wants`: a longer one would keep
/// memory that the message does not need.
#[must_use]
pub const fn fits(has: usize, wants: usize) -> bool {
    has >= wants && has - wants <= wants / 4
}

#[cfg(test)]
mod tests;
