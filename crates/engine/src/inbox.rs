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

    /// The decoder works on a chunk, or is through. Returns whether there is to be word of what was
    /// [left](Self::leave): the decoder is through, or, `for_good`, is not waited for any more.
    pub const fn set_busy(&mut self, busy: bool, for_good: bool) -> bool {
        self.is_busy = busy;
        (!busy || for_good) && std::mem::replace(&mut self.is_left, false)
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
mod tests {
    use super::*;

    const KIB: usize = 1024;

    fn after_message(len: usize) -> Inbox {
        let mut inbox = Inbox::new(false, false);
        inbox.decoded(len + 6, 0, Some(len));
        inbox
    }

    #[test]
    fn short_messages_are_read_into_the_scratch() {
        assert_eq!(Inbox::new(false, false).target(), Target::Scratch(64 * KIB));
        assert_eq!(
            after_message(16 * KIB - 1).target(),
            Target::Scratch(64 * KIB)
        );
    }

    #[test]
    fn a_message_that_is_to_be_long_gets_a_buffer_with_room_to_see_that_it_was_all() {
        for len in [16 * KIB, 65_536, 512 * KIB] {
            assert_eq!(after_message(len).target(), Target::Own(len + 15));
        }
    }

    #[test]
    fn only_the_beginning_of_a_very_long_message_is_copied() {
        assert_eq!(
            after_message(512 * KIB + 1).target(),
            Target::Scratch(16 * KIB)
        );
    }

    #[test]
    fn the_rest_of_a_frame_tells_how_long_its_message_is() {
        let mut inbox = Inbox::new(false, false);
        inbox.decoded(16 * KIB, 48 * KIB as u64, Some(5));
        assert_eq!(inbox.target(), Target::Own(64 * KIB + 15));
        inbox.decoded(1, u64::MAX, None);
        assert_eq!(inbox.target(), Target::Scratch(16 * KIB));
    }

    #[test]
    fn a_chunk_without_a_message_changes_nothing() {
        let mut inbox = after_message(64 * KIB);
        inbox.decoded(2, 0, None);
        assert_eq!(inbox.target(), Target::Own(64 * KIB + 15));
    }

    #[test]
    fn what_is_not_decoded_goes_to_the_scratch() {
        let mut inbox = after_message(512 * KIB + 1);
        inbox.set_busy(true, false);
        assert_eq!(inbox.target(), Target::Scratch(64 * KIB));
        let mut inbox = after_message(64 * KIB);
        inbox.set_busy(true, false);
        assert_eq!(inbox.mode(), Mode::Queue);
        assert_eq!(inbox.target(), Target::Scratch(64 * KIB));
        inbox.set_paused(true);
        assert_eq!(inbox.mode(), Mode::Paused);
        assert_eq!(inbox.target(), Target::Scratch(64 * KIB));
        inbox.set_paused(false);
        inbox.set_busy(false, false);
        assert_eq!(inbox.mode(), Mode::Decode);
    }

    #[test]
    fn what_comes_is_the_readers_whatever_the_decoder_does() {
        let mut inbox = Inbox::for_handshake();
        assert_eq!(inbox.mode(), Mode::Leave);
        inbox.set_busy(true, false);
        inbox.set_paused(true);
        for (reader, mode) in [
            (Reader::Connection, Mode::Paused),
            (Reader::Stream, Mode::Stream),
            (Reader::Nobody, Mode::Leave),
        ] {
            inbox.set_reader(reader);
            assert_eq!(inbox.reader(), reader);
            assert_eq!(inbox.mode(), mode);
        }
    }

    #[test]
    fn of_what_was_left_there_is_word_once_the_decoder_is_through_or_is_not_waited_for() {
        for (busy, for_good) in [(false, false), (true, true)] {
            let mut inbox = Inbox::new(false, false);
            inbox.set_busy(true, false);
            inbox.leave();
            assert!(!inbox.set_busy(true, false));
            assert!(inbox.set_busy(busy, for_good));
            assert!(!inbox.set_busy(busy, for_good));
        }
    }

    #[test]
    fn a_short_read_was_the_last() {
        let inbox = Inbox::new(false, false);
        assert_eq!(inbox.after(9, 10, false, false), Next::Wait);
        assert_eq!(inbox.after(10, 10, false, false), Next::Again);
    }

    #[test]
    fn what_would_be_read_again_is_left_to_another_turn() {
        assert_eq!(Next::Again.in_another_turn(), Next::Rearm);
        assert_eq!(Next::Wait.in_another_turn(), Next::Wait);
    }

    #[test]
    fn a_short_read_of_a_unix_socket_is_enough_if_there_will_be_word_of_more() {
        let inbox = Inbox::new(false, true);
        assert_eq!(inbox.after(9, 10, false, true), Next::Wait);
        assert_eq!(inbox.after(9, 10, true, true), Next::Again);
    }

    #[test]
    fn a_short_read_was_not_the_last_before_an_end_and_on_unix_sockets() {
        assert_eq!(
            Inbox::new(false, false).after(9, 10, true, false),
            Next::Again
        );
        assert_eq!(
            Inbox::new(false, true).after(9, 10, false, false),
            Next::Again
        );
    }

    #[test]
    fn a_paused_connection_is_read_once_a_turn() {
        let mut inbox = Inbox::new(false, false);
        inbox.set_paused(true);
        assert_eq!(inbox.after(10, 10, false, false), Next::Rearm);
        assert_eq!(inbox.after(9, 10, false, false), Next::Wait);
    }

    #[test]
    fn one_event_a_macrotask_comes_before_the_end_of_the_stream() {
        let inbox = Inbox::new(true, false);
        assert_eq!(inbox.after(9, 10, true, false), Next::Rearm);
        assert_eq!(inbox.after(9, 10, false, false), Next::Wait);
    }

    #[test]
    fn a_slice_of_libuv_ends_64_kib_behind_the_first_read_since_nothing_was_left() {
        let mut inbox = Inbox::new(false, false);
        assert_eq!(inbox.rest_of_slice(), 0);
        inbox.was_read(SCRATCH, SCRATCH);
        assert_eq!(inbox.rest_of_slice(), 0);
        inbox.was_read(10 * KIB, 10 * KIB);
        assert_eq!(inbox.rest_of_slice(), 54 * KIB);
        inbox.was_read(300 * KIB, 300 * KIB);
        assert_eq!(inbox.rest_of_slice(), 10 * KIB);
        inbox.was_read(9, 10);
        assert_eq!(inbox.rest_of_slice(), 0);
    }

    #[test]
    fn what_fills_a_slice_of_libuv_leaves_no_room_in_it() {
        let mut inbox = Inbox::new(false, false);
        assert!(!inbox.is_partial(SCRATCH, false));
        assert!(inbox.is_partial(SCRATCH, true));
        assert!(inbox.is_partial(20 * KIB, false));
        inbox.was_read(20 * KIB, 20 * KIB);
        assert!(!inbox.is_partial(44 * KIB, false));
        assert!(inbox.is_partial(45 * KIB, false));
        inbox.was_empty();
        assert!(inbox.is_partial(44 * KIB, false));
    }

    #[test]
    fn a_message_of_any_length_fits_into_the_buffer_that_it_gets() {
        for len in [16 * KIB + 1, 16 * KIB + 15, 70_001, 512 * KIB - 1] {
            let Target::Own(room) = after_message(len).target() else {
                panic!("{len} bytes get no buffer");
            };
            assert!((len + 15..len + 31).contains(&room));
        }
    }

    #[test]
    fn a_buffer_fits_that_is_a_quarter_too_long() {
        assert!(fits(100, 100));
        assert!(fits(125, 100));
        assert!(!fits(126, 100));
        assert!(!fits(99, 100));
    }
}
