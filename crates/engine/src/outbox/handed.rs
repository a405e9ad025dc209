//! Bytes that a wire keeps until it has written them.

use super::Outbox;
use super::lent::Lent;
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

    /// A wire has sent so many bytes of its own between the frames: they count as added.
    pub const fn count_others(&mut self, len: u64) {
        self.moved = self.moved.wrapping_sub(len);
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
    pub fn put_back(&mut self, bytes: Vec<u8>, others: usize) {
        let others = others as u64;
        let len = bytes.len() as u64 - others;
        debug_assert!(len <= self.handed, "it has no more than it was handed");
        self.handed = 0;
        self.gone -= len;
        self.settle();
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
}
