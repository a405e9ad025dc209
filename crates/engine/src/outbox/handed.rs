//! Bytes that a wire keeps until it has written them.

use super::Outbox;
use super::backlog::MAX_SLICES;
use super::lent::Lent;
use super::resized::Resized;
use super::segment::Segment;

impl<P: Lent> Outbox<P> {
    /// Bytes that the wire keeps.
    #[must_use]
    pub const fn handed(&self) -> u64 {
        self.handed
    }

    /// Whether a frame is asked for that the wire keeps.
    #[must_use]
    pub fn waits_for_word(&self) -> bool {
        self.handed > 0 && self.backlog.as_ref().is_some_and(|b| b.is_tracking())
    }

    /// Whether the wire keeps a frame that is asked for, all of it.
    pub(super) fn waits_for_handed(&self) -> bool {
        self.handed > 0
            && self
                .backlog
                .as_ref()
                .is_some_and(|backlog| backlog.tracks_up_to(self.gone))
    }

    /// A wire has sent so many bytes of its own between the frames: they count as added.
    pub const fn count_others(&mut self, len: u64) {
        self.moved = self.moved.wrapping_sub(len);
    }

    /// The wire was given a frame past this outbox, in which nothing waits; it keeps it, as `len` bytes,
    /// and makes its real bytes itself.
    pub fn hand_over(&mut self, len: u64) {
        debug_assert!(self.waiting() == 0, "what waits is written before it");
        self.accepted += len;
        self.gone += len;
        self.handed += len;
    }

    /// Frames that were written had so many bytes less than was said.
    pub const fn shrink(&mut self, by: i64) {
        self.moved = self.moved.wrapping_add_signed(by);
    }

    /// The wire has written all but `left` of the bytes that it keeps.
    pub fn acknowledge(&mut self, left: u64) {
        debug_assert!(left <= self.handed, "it has no more than it was handed");
        self.handed = left.min(self.handed);
        self.settle();
        if self.waiting() == 0 {
            self.drop_backlog();
        }
    }

    /// The wire has written all that it kept but `bytes`, the last of them, and takes no more for now:
    /// they wait again, before everything else. The first `others` of them are not the outbox's: the wire
    /// was about to write them between its frames.
    ///
    /// The frames of which it has made the real bytes are these: `resized`, in their order.
    pub fn put_back(&mut self, bytes: Vec<u8>, others: usize, resized: &[Resized]) {
        let others = others as u64;
        let mut len = bytes.len() as u64 - others;
        for frame in resized {
            len = len + frame.from - frame.to;
        }
        debug_assert!(len <= self.handed, "it has no more than it was handed");
        self.handed = 0;
        self.gone -= len;
        self.settle();
        self.resize(resized);
        if bytes.is_empty() {
            if self.waiting() == 0 {
                self.drop_backlog();
            }
            return;
        }
        let start = self.gone;
        let backlog = self.backlog.get_or_insert_default();
        self.accepted += others;
        // Whoever hears of the answer counts it.
        self.moved = self.moved.wrapping_add(others);
        backlog.lengthen(others);
        backlog.push_front(Segment::Joined { bytes, start: 0 });
        self.block(start);
        if let Some(backlog) = &mut self.backlog {
            backlog.unit.0 = backlog.unit.0.min(start);
        }
        self.note_peak();
    }

    /// A wire that says it takes no more has taken the first `len` bytes all the same, and will say so when it is given
    /// them again: no program can take them away, of whose payloads they are. Of what was handed over
    /// nothing is left.
    pub fn own(&mut self, len: usize) {
        debug_assert!(self.handed == 0, "the wire has nothing else of it");
        if self.handed > 0 || !self.backlog.as_ref().is_some_and(|b| b.lends(len)) {
            return;
        }
        let mut slices = [&[] as &[u8]; MAX_SLICES];
        let count = self.fill(&mut slices, None);
        let mut bytes = Vec::with_capacity(len);
        for slice in &slices[..count] {
            let step = slice.len().min(len - bytes.len());
            bytes.extend_from_slice(&slice[..step]);
        }
        self.advance(bytes.len());
        self.handed = bytes.len() as u64;
        self.gone += self.handed;
        self.put_back(bytes, 0, &[]);
    }

    /// Frames that wait again are longer or shorter than was said.
    fn resize(&mut self, resized: &[Resized]) {
        let mut before = 0;
        for frame in resized {
            let by = frame.to as i64 - frame.from as i64;
            let at = (self.gone + frame.at).wrapping_add_signed(before);
            if let Some(backlog) = &mut self.backlog {
                backlog.resize(at, by);
            }
            self.accepted = self.accepted.wrapping_add_signed(by);
            self.moved = self.moved.wrapping_sub(frame.written);
            before += by;
        }
    }
}
