//! Gives a wire what waits, as far as it takes it.

use super::backlog::MAX_SLICES;
use super::lent::Lent;
use super::{Outbox, Taken, Written};

/// Bytes at the front of the tail that were written are kept up to here, or while they are fewer
/// than those behind them, so that not every write moves these.
const MAX_STALE: usize = 64 * 1024;

impl<P: Lent> Outbox<P> {
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

    /// Gives the wire what waits, and behind that the header and payload of a frame that is not in the outbox; what is
    /// left of these stays in `through`.
    pub(super) fn write_with(
        &mut self,
        through: &mut Option<(&[u8], &[u8])>,
        wire: &mut dyn FnMut(&[&[u8]]) -> Taken,
    ) -> Written {
        let start = self.gone;
        self.note_peak();
        loop {
            if !self.drop_what_was_taken_away() {
                if self.waits_for_handed() {
                    // What the wire keeps is written all the same. It is known when that has said so.
                    self.block(start);
                    return Written::Blocked;
                }
                self.discard();
                return Written::Torn;
            }
            if self.waiting() == 0 {
                self.blocked = false;
                self.drop_backlog();
                return Written::All;
            }
            let (taken, given) = self.give(*through, wire);
            match taken {
                Taken::Bytes(len) | Taken::Handed(len) if len > 0 && given > 0 => {
                    let len = len.min(given);
                    if matches!(taken, Taken::Handed(_)) {
                        self.handed += len as u64;
                    }
                    self.count_gone(len, through);
                    self.settle();
                    // A wire that takes a part is full.
                    if len < given {
                        self.block(start);
                        return Written::Blocked;
                    }
                }
                Taken::Bytes(_) | Taken::Handed(_) | Taken::Blocked => {
                    self.block(start);
                    return Written::Blocked;
                }
                Taken::Failed(error) => {
                    self.discard();
                    return Written::Failed(error);
                }
                Taken::FailedBehind(error, left) => {
                    self.acknowledge(left);
                    self.discard();
                    return Written::Failed(error);
                }
            }
        }
    }

    /// Gives the wire what comes next; returns what it said, and how much that was.
    #[inline]
    fn give(
        &self,
        through: Option<(&[u8], &[u8])>,
        wire: &mut dyn FnMut(&[&[u8]]) -> Taken,
    ) -> (Taken, usize) {
        if through.is_none() && self.has_tail_only() {
            let waiting = &self.tail[self.tail_start..];
            return (wire(&[waiting]), waiting.len());
        }
        let mut slices = [&[] as &[u8]; MAX_SLICES];
        let count = self.fill(&mut slices, through);
        let given = slices.iter().map(|slice| slice.len()).sum();
        (wire(&slices[..count]), given)
    }

    /// The wire has so many of the next bytes.
    #[inline]
    fn count_gone(&mut self, len: usize, through: &mut Option<(&[u8], &[u8])>) {
        let behind = self.advance(len);
        self.gone += len as u64;
        if let Some((header, payload)) = through {
            let in_header = behind.min(header.len());
            *header = &header[in_header..];
            *payload = &payload[behind - in_header..];
        }
    }

    /// Whether all that waits is joined, as it mostly is.
    fn has_tail_only(&self) -> bool {
        self.backlog
            .as_ref()
            .is_none_or(|backlog| !backlog.has_segments())
    }

    /// Notes what the wire was given at once when it blocked.
    pub(super) fn block(&mut self, start: u64) {
        let (gone, accepted) = (self.gone, self.accepted);
        let again = std::mem::replace(&mut self.blocked, true);
        let backlog = self.backlog.get_or_insert_default();
        if !again {
            backlog.unit = (start, accepted);
        } else if gone >= backlog.unit.1 {
            backlog.unit = (backlog.unit.1, accepted);
        }
        self.note_peak();
    }

    /// `blocked_len` grows with what is added, and shrinks with what is written: it is noted before
    /// and behind each write.
    pub(super) fn note_peak(&mut self) {
        self.peak = self.peak.max(self.blocked_len());
    }

    /// The slices that are next, and a frame that is written through behind all others.
    pub(super) fn fill<'a>(
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
        if let Some(backlog) = &self.backlog
            && !backlog.each_slice(&mut add)
        {
            return count;
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
    pub(super) fn advance(&mut self, len: usize) -> usize {
        let rest = match &mut self.backlog {
            Some(backlog) => backlog.advance(len),
            None => len,
        };
        let step = rest.min(self.tail.len() - self.tail_start);
        self.tail_start += step;
        if self.tail_start == self.tail.len() {
            self.tail.clear();
            self.tail_start = 0;
        } else if self.tail_start > MAX_STALE && self.tail_start > self.tail.len() / 2 {
            self.tail.drain(..self.tail_start);
            self.tail_start = 0;
        }
        rest - step
    }

    /// Looks at lent payloads; `false` if the peer would not understand what is behind one.
    fn drop_what_was_taken_away(&mut self) -> bool {
        let Some(backlog) = &mut self.backlog else {
            return true;
        };
        let Some(dropped) = backlog.drop_what_was_taken_away(self.gone) else {
            return false;
        };
        self.accepted -= dropped;
        self.settle();
        true
    }

    /// Notes the fates of what is written.
    pub(super) fn settle(&mut self) {
        if let Some(backlog) = &mut self.backlog {
            backlog.settle(self.gone - self.handed, &mut self.fates);
        }
    }

    /// Nothing waits: what is kept for it goes, but for frames that the wire has not written.
    pub(super) fn drop_backlog(&mut self) {
        if self.handed == 0 || !self.backlog.as_ref().is_some_and(|b| b.is_tracking()) {
            self.backlog = None;
        }
    }
}
