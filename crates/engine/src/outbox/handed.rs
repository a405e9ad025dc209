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
    /// they wait again, before everything else.
    pub fn put_back(&mut self, bytes: Vec<u8>) {
        let len = bytes.len() as u64;
        debug_assert!(len <= self.handed, "it has no more than it was handed");
        self.handed = 0;
        self.gone -= len;
        self.settle();
        if len == 0 {
            if self.waiting() == 0 {
                self.drop_backlog();
            }
            return;
        }
        let start = self.gone;
        let backlog = self.backlog.get_or_insert_default();
        backlog.push_front(Segment::Joined { bytes, start: 0 });
        self.block(start);
        if let Some(backlog) = &mut self.backlog {
            backlog.unit.0 = backlog.unit.0.min(start);
        }
        self.note_peak();
    }
}
