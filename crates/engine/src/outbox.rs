//! What a connection has to send, in order, and what becomes of it.

mod backlog;
mod fates;
mod handed;
mod lent;
mod resized;
mod segment;
mod shared;
mod write;

use self::backlog::Backlog;
pub use self::fates::Fate;
use self::fates::Fates;
pub use self::lent::Lent;
pub use self::resized::Resized;
use self::segment::{LentFrame, Segment};

/// What a wire did with the slices that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It took so many bytes, perhaps fewer than there were.
    Bytes(usize),
    /// It keeps so many, and says later that they are written, or gives them back.
    Handed(usize),
    /// It takes none for now.
    Blocked,
    /// It is broken; a system error number.
    Failed(i32),
    /// As above, and so many of the bytes that it keeps it has not written.
    FailedBehind(i32, u64),
}

/// What writing came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// All of it.
    All,
    /// The wire takes no more for now.
    Blocked,
    /// The wire is broken; a system error number. Everything that waited is lost.
    Failed(i32),
    /// A payload was taken away that the peer has got a part of, or that is a part of a longer
    /// message: the connection cannot go on. Everything that waited is lost.
    Torn,
}

/// The bytes that wait for a wire, in the order of their sending.
///
/// - *Commands*: [`append`](Self::append), [`push_lent`](Self::push_lent),
///   [`push_shared`](Self::push_shared), and [`track`](Self::track) behind one of them;
///   [`write`](Self::write), [`write_shared`](Self::write_shared),
///   [`write_through`](Self::write_through), [`take_all`](Self::take_all),
///   [`discard`](Self::discard); of a wire that keeps bytes, [`acknowledge`](Self::acknowledge) and
///   [`put_back`](Self::put_back).
/// - *Events*: [`poll_fate`](Self::poll_fate), once for each tracked frame, in their order.
///
/// Nothing is kept when nothing waits, but the memory that [`take_spare`](Self::take_spare) gives.
#[derive(Debug)]
pub struct Outbox<P> {
    /// Frames that are joined, behind all segments.
    tail: Vec<u8>,
    /// How many bytes of it were written.
    tail_start: usize,
    /// What few connections have, and none of which nothing waits.
    backlog: Option<Box<Backlog<P>>>,
    /// All bytes that were ever given to it, and those of them that it has no more.
    accepted: u64,
    gone: u64,
    /// Those that the wire keeps, and has not said of that they are written.
    handed: u64,
    /// Bytes that went to another writer, less those that it has sent itself.
    moved: u64,
    /// Where the last bytes end that were lost.
    lost_at: u64,
    /// The most bytes that waited while it was blocked.
    peak: u64,
    blocked: bool,
    /// Whether all that it was ever given was lost.
    all_lost: bool,
    fates: Fates,
}

impl<P> Default for Outbox<P> {
    fn default() -> Self {
        Self {
            tail: Vec::new(),
            tail_start: 0,
            backlog: None,
            accepted: 0,
            gone: 0,
            handed: 0,
            moved: 0,
            lost_at: u64::MAX,
            peak: 0,
            blocked: false,
            all_lost: false,
            fates: Fates::default(),
        }
    }
}

impl<P: Lent> Outbox<P> {
    /// Lets `encode` append whole frames to what waits; what it returns is passed on.
    ///
    /// `spare` gives memory to append to where there is none.
    pub fn append<T>(
        &mut self,
        spare: impl FnOnce() -> Vec<u8>,
        encode: impl FnOnce(&mut Vec<u8>) -> T,
    ) -> T {
        if self.tail.capacity() == 0 {
            self.tail = spare();
        }
        let before = self.tail.len();
        let result = encode(&mut self.tail);
        debug_assert!(self.tail.len() >= before, "an encoder appends");
        self.accepted += (self.tail.len() - before) as u64;
        if self.tail.is_empty() {
            self.tail = Vec::new();
        }
        result
    }

    /// Adds a frame whose payload stays where it is, for a later [`write`](Self::write).
    ///
    /// # Panics
    /// If the header is longer than a frame's can be.
    pub fn push_lent(&mut self, header: &[u8], payload: P, len: usize) {
        self.accepted += (header.len() + len) as u64;
        self.push_rest(header, payload, len, 0);
    }

    /// Asks for the fate of what was added last, before or behind the first writing of it.
    pub fn track(&mut self) {
        if self.waiting() + self.handed > 0 {
            let backlog = self.backlog.get_or_insert_default();
            backlog.track(self.accepted);
        } else if self.lost_at == self.accepted {
            self.fates.push(Fate::Lost);
        } else {
            self.fates.push(Fate::Written);
        }
    }

    /// Asks for the fate of a frame that could not be added: it is lost.
    pub fn track_lost(&mut self) {
        debug_assert!(self.waiting() == 0, "its fate is not known before those");
        self.fates.push(Fate::Lost);
    }

    /// What became of the next tracked frame, as soon as it is known.
    pub fn poll_fate(&mut self) -> Option<Fate> {
        self.fates.pop()
    }

    /// As [`poll_fate`](Self::poll_fate), if the next one is the same as the last.
    pub fn poll_fate_if(&mut self, last: Fate) -> bool {
        self.fates.first() == Some(last) && self.fates.pop().is_some()
    }

    /// Moves everything that waits to another writer, with the callbacks of what is tracked: there
    /// is no fate of it here any more. `None` if a payload was taken away: nothing is left then, and
    /// what was tracked is lost.
    pub fn take_all(&mut self) -> Option<Vec<u8>> {
        debug_assert!(self.handed == 0, "the wire has given it back");
        let mut tail = std::mem::take(&mut self.tail);
        tail.drain(..self.tail_start);
        let all = match &self.backlog {
            Some(backlog) => backlog.join(tail, self.waiting()),
            None => Some(tail),
        };
        let Some(all) = all else {
            self.discard();
            return None;
        };
        self.moved = self.moved.wrapping_add(all.len() as u64);
        self.clear();
        Some(all)
    }

    /// Drops everything that waits. What was tracked of it is lost.
    pub fn discard(&mut self) {
        if let Some(backlog) = &self.backlog {
            backlog.lose(&mut self.fates);
        }
        if self.waiting() + self.handed > 0 {
            self.lost_at = self.accepted;
            self.all_lost = self.gone == 0;
        }
        self.clear();
    }

    /// Memory to append to that is not needed now, if there is any.
    pub fn take_spare(&mut self) -> Option<Vec<u8>> {
        (self.tail.len() == self.tail_start && self.tail.capacity() > 0).then(|| {
            self.tail_start = 0;
            std::mem::take(&mut self.tail)
        })
    }

    /// Whether all that it was ever given was lost: the wire broke before it took anything.
    #[must_use]
    pub const fn all_lost(&self) -> bool {
        self.all_lost
    }

    /// Bytes that wait.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.accepted - self.gone
    }

    /// Bytes that the wire took, or that have gone another way.
    #[must_use]
    pub const fn gone(&self) -> u64 {
        self.gone
    }

    /// Whether the wire took no more when it was last given bytes.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Bytes that wait because the wire took no more, those included that were given to it in one
    /// go with them, as Node counts them.
    #[must_use]
    pub fn blocked_len(&self) -> u64 {
        match &self.backlog {
            Some(backlog) if self.blocked => self.accepted - backlog.unit.0,
            _ => 0,
        }
    }

    /// The most that [`blocked_len`](Self::blocked_len) has been since it was last asked for.
    pub fn take_peak(&mut self) -> u64 {
        self.note_peak();
        std::mem::take(&mut self.peak)
    }

    /// Whether a tracked frame waits, or its fate.
    #[must_use]
    pub fn is_tracking(&self) -> bool {
        let backlog = self.backlog.as_ref();
        self.fates.first().is_some() || backlog.is_some_and(|backlog| backlog.is_tracking())
    }

    /// Bytes that were added and did not go to another writer.
    #[must_use]
    pub const fn accepted(&self) -> u64 {
        self.accepted.wrapping_sub(self.moved)
    }

    /// Adds what is left of a frame that is counted already.
    fn push_rest(&mut self, header: &[u8], payload: P, len: usize, done: usize) {
        // Nothing is left of an empty part. It would stand in the way of what is behind it.
        if done < header.len() + len {
            self.push(Segment::Lent(LentFrame::new(header, payload, len, done)));
        }
    }

    /// Adds a segment behind the tail, whose bytes are counted already.
    fn push(&mut self, segment: Segment<P>) {
        let (bytes, start) = (std::mem::take(&mut self.tail), self.tail_start);
        self.tail_start = 0;
        let backlog = self.backlog.get_or_insert_default();
        if bytes.len() > start {
            backlog.push(Segment::Joined { bytes, start });
        }
        backlog.push(segment);
    }

    /// How many tracked frames are among the bytes that the wire was given at once when it blocked.
    #[must_use]
    pub fn tracked_under_way(&self) -> usize {
        match &self.backlog {
            Some(backlog) if self.blocked => backlog.tracked_under_way(),
            _ => 0,
        }
    }

    /// How many bytes wait of those that the wire was given at once when it blocked.
    #[must_use]
    pub fn bytes_under_way(&self) -> u64 {
        match &self.backlog {
            Some(backlog) if self.blocked => backlog.unit.1.saturating_sub(self.gone),
            _ => 0,
        }
    }

    /// Nothing waits any more.
    fn clear(&mut self) {
        self.tail = Vec::new();
        self.tail_start = 0;
        self.backlog = None;
        self.gone = self.accepted;
        self.handed = 0;
        self.peak = 0;
        self.blocked = false;
    }
}
