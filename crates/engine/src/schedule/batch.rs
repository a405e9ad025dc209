//! The turns that sockets have one behind the other.

use super::at_once::AtOnce;

/// What waits for the end of a batch is written after this many turns at the latest.
const MAX_TURNS: u32 = 64;

/// Sockets that were ready together. What is sent in their turns is written together, too, up to [`MAX_TURNS`] of them,
/// or until some of it has waited long enough: there the next batch begins.
#[derive(Debug, Default)]
pub struct Batch {
    turns: u32,
}

impl Batch {
    /// Which frames of the next turn go past I/O threads; `more` says that another socket waits for its own turn.
    #[must_use]
    pub const fn begin_turn(&self, more: bool) -> AtOnce {
        AtOnce::of_turn(more || self.turns > 0)
    }

    /// A turn is over: whether the batch is. `is_overdue` says whether something that was sent has waited long enough.
    pub fn end_turn(&mut self, is_overdue: impl FnOnce() -> bool) -> bool {
        self.turns += 1;
        let is_over = self.turns == MAX_TURNS || is_overdue();
        if is_over {
            self.turns = 0;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_over_after_64_turns() {
        let mut batch = Batch::default();
        for _ in 0..2 {
            for _ in 0..63 {
                assert!(!batch.end_turn(|| false));
            }
            assert!(batch.end_turn(|| panic!("it is over in any case")));
        }
    }

    #[test]
    fn a_batch_is_over_when_something_has_waited_long_enough() {
        let mut batch = Batch::default();
        assert!(!batch.end_turn(|| false));
        assert!(batch.end_turn(|| true));
        for _ in 0..63 {
            assert!(!batch.end_turn(|| false));
        }
    }

    #[test]
    fn a_turn_is_in_company_if_there_are_others_before_or_behind_it() {
        let mut batch = Batch::default();
        assert_eq!(batch.begin_turn(false), AtOnce::of_turn(false));
        assert_eq!(batch.begin_turn(true), AtOnce::of_turn(true));
        batch.end_turn(|| false);
        assert_eq!(batch.begin_turn(false), AtOnce::of_turn(true));
        batch.end_turn(|| true);
        assert_eq!(batch.begin_turn(false), AtOnce::of_turn(false));
    }
}
