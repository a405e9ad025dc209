//! What a connection has to send, in order, and what becomes of it.

use std::collections::VecDeque;

use ws_rs_protocol::MAX_HEADER_LEN;

/// A payload that stays in the program's memory until it is written.
///
/// The program may take that memory away, or make it shorter, at any time between two calls.
pub trait Lent {
    /// The payload as it is now; fewer bytes than there were mean that it was taken away.
    fn bytes(&self) -> &[u8];
}

/// What a wire did with the slices that it was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It took so many bytes, perhaps fewer than there were.
    Bytes(usize),
    /// It takes none for now.
    Blocked,
    /// It is broken; a system error number.
    Failed(i32),
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
    /// A payload was taken away of which the peer has got a part: the connection cannot go on.
    /// Everything that waited is lost.
    Torn,
}

/// What became of a tracked frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The wire has taken its last byte.
    Written,
    /// It will not be written.
    Lost,
    /// Its payload was taken away before it was written; what is behind it goes on.
    TakenAway,
}

/// The most slices for one write.
const MAX_SLICES: usize = 16;
/// Bytes at the front of the tail that were written are kept up to here, so that not every write
/// moves what is behind them.
const MAX_STALE: usize = 64 * 1024;

/// The bytes that wait for a wire, in the order of their sending.
///
/// - *Commands*: [`append`](Self::append), [`push_lent`](Self::push_lent), and
///   [`track`](Self::track) behind one of them; [`write`](Self::write),
///   [`take_all`](Self::take_all), [`discard`](Self::discard).
/// - *Events*: [`poll_fate`](Self::poll_fate), once for each tracked frame, in their order.
#[derive(Debug)]
pub struct Outbox<P> {
    /// Frames that are joined, behind all segments.
    tail: Vec<u8>,
    /// How many bytes of it were written.
    tail_start: usize,
    /// What few connections have.
    backlog: Option<Box<Backlog<P>>>,
    /// All bytes that were ever given to it, and those of them that it has no more.
    accepted: u64,
    gone: u64,
    /// Bytes that went to another writer.
    moved: u64,
    blocked: bool,
}

#[derive(Debug)]
struct Backlog<P> {
    segments: VecDeque<Segment<P>>,
    /// The tracked frames that wait.
    tracked: VecDeque<Tracked>,
    fates: VecDeque<Fate>,
    /// While it is blocked: where the bytes begin and end that the wire was given at once. Node
    /// counts all of them until the last is written.
    unit: (u64, u64),
    /// The most bytes that waited since it was blocked.
    peak: u64,
}

#[derive(Debug)]
struct Tracked {
    /// Where the frame ends in the bytes that were accepted.
    end: u64,
    /// Its payload was taken away: it ends where it began.
    taken_away: bool,
}

#[derive(Debug)]
enum Segment<P> {
    Joined { bytes: Vec<u8>, start: usize },
    Lent(LentFrame<P>),
}

#[derive(Debug)]
struct LentFrame<P> {
    header: [u8; MAX_HEADER_LEN],
    header_len: usize,
    payload: P,
    len: usize,
    /// Bytes of header and payload that were written.
    done: usize,
}

impl<P> Default for Outbox<P> {
    fn default() -> Self {
        Self {
            tail: Vec::new(),
            tail_start: 0,
            backlog: None,
            accepted: 0,
            gone: 0,
            moved: 0,
            blocked: false,
        }
    }
}

impl<P> Default for Backlog<P> {
    fn default() -> Self {
        Self {
            segments: VecDeque::new(),
            tracked: VecDeque::new(),
            fates: VecDeque::new(),
            unit: (0, 0),
            peak: 0,
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

    /// Asks for the fate of what was added last.
    pub fn track(&mut self) {
        let end = self.accepted;
        let backlog = self.backlog.get_or_insert_default();
        if end == self.gone {
            backlog.fates.push_back(Fate::Written);
        } else {
            backlog.tracked.push_back(Tracked {
                end,
                taken_away: false,
            });
        }
    }

    /// Gives the wire what waits, until all of it is written or the wire takes no more.
    pub fn write(&mut self, wire: &mut dyn FnMut(&[&[u8]]) -> Taken) -> Written {
        self.write_with(&mut None, wire)
    }

    /// Writes what waits and a frame behind it, in one go and from where it lies. What the wire does
    /// not take of the frame is lent, or copied if `lend` has nothing to give.
    ///
    /// # Panics
    /// If the header is longer than a frame's can be.
    pub fn write_through(
        &mut self,
        header: &[u8],
        payload: &[u8],
        lend: impl FnOnce() -> Option<P>,
        wire: &mut dyn FnMut(&[&[u8]]) -> Taken,
    ) -> Written {
        let len = header.len() + payload.len();
        self.accepted += len as u64;
        let mut through = Some((header, payload));
        let written = self.write_with(&mut through, wire);
        if let (Written::Blocked, Some((rest, end))) = (written, through) {
            let done = len - rest.len() - end.len();
            match lend() {
                Some(lent) => self.push_rest(header, lent, payload.len(), done),
                None => {
                    self.tail.extend_from_slice(rest);
                    self.tail.extend_from_slice(end);
                }
            }
        }
        written
    }

    /// What became of the next tracked frame, as soon as it is known.
    pub fn poll_fate(&mut self) -> Option<Fate> {
        self.backlog.as_mut()?.fates.pop_front()
    }

    /// As [`poll_fate`](Self::poll_fate), if the next one is the same as the last.
    pub fn poll_fate_if(&mut self, last: Fate) -> bool {
        self.backlog.as_mut().is_some_and(|backlog| {
            let same = backlog.fates.front() == Some(&last);
            if same {
                backlog.fates.pop_front();
            }
            same
        })
    }

    /// Moves everything that waits to another writer, with the callbacks of what is tracked: there
    /// is no fate of it here any more. `None` if a payload was taken away: nothing is left then, and
    /// what was tracked is lost.
    pub fn take_all(&mut self) -> Option<Vec<u8>> {
        let mut all = Vec::with_capacity(usize::try_from(self.waiting()).unwrap_or(0));
        let mut intact = true;
        if let Some(backlog) = &mut self.backlog {
            for segment in backlog.segments.drain(..) {
                match segment {
                    Segment::Joined { bytes, start } => all.extend_from_slice(&bytes[start..]),
                    Segment::Lent(frame) => match frame.slices() {
                        Some((header, payload)) => {
                            all.extend_from_slice(header);
                            all.extend_from_slice(payload);
                        }
                        None => intact = false,
                    },
                }
            }
        }
        if !intact {
            self.discard();
            return None;
        }
        all.extend_from_slice(&self.tail[self.tail_start..]);
        if let Some(backlog) = &mut self.backlog {
            backlog.tracked.clear();
            backlog.peak = 0;
        }
        self.moved += all.len() as u64;
        self.drop_bytes();
        Some(all)
    }

    /// Drops everything that waits. What was tracked of it is lost.
    pub fn discard(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            backlog.segments.clear();
            let lost = backlog.tracked.drain(..).map(|frame| {
                if frame.taken_away {
                    Fate::TakenAway
                } else {
                    Fate::Lost
                }
            });
            backlog.fates.extend(lost);
            backlog.peak = 0;
        }
        self.drop_bytes();
    }

    /// Memory to append to that is not needed now, if there is any.
    pub fn take_spare(&mut self) -> Option<Vec<u8>> {
        (self.tail.len() == self.tail_start && self.tail.capacity() > 0).then(|| {
            self.tail_start = 0;
            std::mem::take(&mut self.tail)
        })
    }

    /// Bytes that wait.
    #[must_use]
    pub const fn waiting(&self) -> u64 {
        self.accepted - self.gone
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

    /// The most that [`blocked_len`](Self::blocked_len) has been since nothing waited; asking sets
    /// it to 0.
    pub fn take_peak(&mut self) -> u64 {
        self.backlog
            .as_mut()
            .map_or(0, |backlog| std::mem::take(&mut backlog.peak))
    }

    /// Whether a tracked frame waits, or its fate.
    #[must_use]
    pub fn is_tracking(&self) -> bool {
        self.backlog
            .as_ref()
            .is_some_and(|backlog| !backlog.tracked.is_empty() || !backlog.fates.is_empty())
    }

    /// Bytes that were added and did not go to another writer.
    #[must_use]
    pub const fn accepted(&self) -> u64 {
        self.accepted - self.moved
    }

    /// Adds what is left of a frame that is counted already.
    fn push_rest(&mut self, header: &[u8], payload: P, len: usize, done: usize) {
        let mut frame = LentFrame {
            header: [0; MAX_HEADER_LEN],
            header_len: header.len(),
            payload,
            len,
            done,
        };
        frame.header[..header.len()].copy_from_slice(header);
        let (bytes, start) = (std::mem::take(&mut self.tail), self.tail_start);
        self.tail_start = 0;
        let backlog = self.backlog.get_or_insert_default();
        if bytes.len() > start {
            backlog.segments.push_back(Segment::Joined { bytes, start });
        }
        backlog.segments.push_back(Segment::Lent(frame));
    }

    fn write_with(
        &mut self,
        through: &mut Option<(&[u8], &[u8])>,
        wire: &mut dyn FnMut(&[&[u8]]) -> Taken,
    ) -> Written {
        let start = self.gone;
        loop {
            if !self.drop_what_was_taken_away() {
                self.discard();
                return Written::Torn;
            }
            if self.waiting() == 0 {
                self.blocked = false;
                self.settle();
                return Written::All;
            }
            let (taken, given) = if through.is_none() && self.has_tail_only() {
                let waiting = &self.tail[self.tail_start..];
                (wire(&[waiting]), waiting.len())
            } else {
                let mut slices = [&[] as &[u8]; MAX_SLICES];
                let count = self.fill(&mut slices, *through);
                let given: usize = slices.iter().map(|slice| slice.len()).sum();
                (wire(&slices[..count]), given)
            };
            match taken {
                Taken::Bytes(len) if len > 0 => {
                    let rest = self.advance(len);
                    self.gone += len as u64;
                    if let Some((header, payload)) = through {
                        let in_header = rest.min(header.len());
                        *header = &header[in_header..];
                        *payload = &payload[rest - in_header..];
                    }
                    self.settle();
                    // A wire that takes a part is full.
                    if len < given {
                        self.block(start);
                        return Written::Blocked;
                    }
                }
                Taken::Bytes(_) | Taken::Blocked => {
                    self.block(start);
                    return Written::Blocked;
                }
                Taken::Failed(error) => {
                    self.discard();
                    return Written::Failed(error);
                }
            }
        }
    }

    /// Whether all that waits is joined, as it mostly is.
    fn has_tail_only(&self) -> bool {
        self.backlog
            .as_ref()
            .is_none_or(|backlog| backlog.segments.is_empty())
    }

    /// Notes what the wire was given at once when it blocked.
    fn block(&mut self, start: u64) {
        let (gone, accepted) = (self.gone, self.accepted);
        let again = std::mem::replace(&mut self.blocked, true);
        let backlog = self.backlog.get_or_insert_default();
        if !again {
            backlog.unit = (start, accepted);
        } else if gone >= backlog.unit.1 {
            backlog.unit = (backlog.unit.1, accepted);
        }
        backlog.peak = backlog.peak.max(accepted - backlog.unit.0);
    }

    /// The slices that are next, and a frame that is written through behind all others.
    fn fill<'a>(
        &'a self,
        slices: &mut [&'a [u8]; MAX_SLICES],
        through: Option<(&'a [u8], &'a [u8])>,
    ) -> usize {
        let mut count = 0;
        let mut add = |bytes: &'a [u8]| {
            if !bytes.is_empty() && count < MAX_SLICES {
                slices[count] = bytes;
                count += 1;
            }
            count < MAX_SLICES
        };
        if let Some(backlog) = &self.backlog {
            for segment in &backlog.segments {
                let more = match segment {
                    Segment::Joined { bytes, start } => add(&bytes[*start..]),
                    Segment::Lent(frame) => match frame.slices() {
                        Some((header, payload)) => add(header) && add(payload),
                        // It was looked at before, and nothing ran since.
                        None => return count,
                    },
                };
                if !more {
                    return count;
                }
            }
        }
        if add(&self.tail[self.tail_start..])
            && let Some((header, payload)) = through
        {
            let _ = add(header) && add(payload);
        }
        count
    }

    /// Takes `len` bytes off the front; returns how many of them were of a frame that is written
    /// through.
    fn advance(&mut self, len: usize) -> usize {
        let mut rest = len;
        if let Some(backlog) = &mut self.backlog {
            while rest > 0
                && let Some(segment) = backlog.segments.front_mut()
            {
                let step = rest.min(segment.waiting());
                segment.advance(step);
                rest -= step;
                if segment.waiting() == 0 {
                    backlog.segments.pop_front();
                }
            }
        }
        let step = rest.min(self.tail.len() - self.tail_start);
        self.tail_start += step;
        if self.tail_start == self.tail.len() {
            self.tail.clear();
            self.tail_start = 0;
        } else if self.tail_start > MAX_STALE {
            self.tail.drain(..self.tail_start);
            self.tail_start = 0;
        }
        rest - step
    }

    /// Looks at the payloads that are lent. A frame that lost its own before a byte of it was
    /// written is dropped; `false` if the peer has got a part of it.
    fn drop_what_was_taken_away(&mut self) -> bool {
        let Some(backlog) = &mut self.backlog else {
            return true;
        };
        let mut offset = self.gone;
        let mut index = 0;
        while let Some(segment) = backlog.segments.get(index) {
            let waiting = segment.waiting() as u64;
            if segment.is_taken_away() {
                if segment.is_begun() {
                    return false;
                }
                backlog.segments.remove(index);
                backlog.shorten(offset, waiting);
                self.accepted -= waiting;
            } else {
                offset += waiting;
                index += 1;
            }
        }
        true
    }

    /// Notes the fates of what is written.
    fn settle(&mut self) {
        let gone = self.gone;
        if let Some(backlog) = &mut self.backlog {
            while let Some(next) = backlog.tracked.front()
                && next.end <= gone
            {
                let fate = if next.taken_away {
                    Fate::TakenAway
                } else {
                    Fate::Written
                };
                backlog.tracked.pop_front();
                backlog.fates.push_back(fate);
            }
        }
    }

    fn drop_bytes(&mut self) {
        self.tail.clear();
        self.tail_start = 0;
        self.gone = self.accepted;
        self.blocked = false;
    }
}

impl<P> Backlog<P> {
    /// The frame is dropped that lies at `start` and has `len` bytes.
    fn shorten(&mut self, start: u64, len: u64) {
        for frame in &mut self.tracked {
            if frame.end == start + len {
                frame.taken_away = true;
            }
            if frame.end > start {
                frame.end -= len;
            }
        }
        self.unit.1 = self.unit.1.saturating_sub(len).max(self.unit.0);
    }
}

impl<P: Lent> Segment<P> {
    const fn waiting(&self) -> usize {
        match self {
            Self::Joined { bytes, start } => bytes.len() - *start,
            Self::Lent(frame) => frame.header_len + frame.len - frame.done,
        }
    }

    fn advance(&mut self, len: usize) {
        match self {
            Self::Joined { start, .. } => *start += len,
            Self::Lent(frame) => frame.done += len,
        }
    }

    fn is_taken_away(&self) -> bool {
        matches!(self, Self::Lent(frame) if frame.slices().is_none())
    }

    const fn is_begun(&self) -> bool {
        matches!(self, Self::Lent(frame) if frame.done > 0)
    }
}

impl<P: Lent> LentFrame<P> {
    /// What is left of header and payload; `None` if the payload is not there any more.
    fn slices(&self) -> Option<(&[u8], &[u8])> {
        let in_header = self.done.min(self.header_len);
        let payload = self.payload.bytes().get(..self.len)?;
        Some((
            &self.header[in_header..self.header_len],
            &payload[self.done - in_header..],
        ))
    }
}
