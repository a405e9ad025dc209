//! What became of tracked frames, in their order.

use std::collections::VecDeque;

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

/// Fates that nobody has asked for yet. They are counted in runs of the same, the first of which
/// needs no memory: most frames are written, and asked for, one by one.
#[derive(Debug)]
pub(super) struct Fates {
    first: (Fate, u32),
    #[expect(clippy::box_collection, reason = "few have any")]
    rest: Option<Box<VecDeque<(Fate, u32)>>>,
}

impl Default for Fates {
    fn default() -> Self {
        Self {
            first: (Fate::Written, 0),
            rest: None,
        }
    }
}

impl Fates {
    pub(super) fn push(&mut self, fate: Fate) {
        let rest = self.rest.as_mut();
        let last = rest
            .and_then(|rest| rest.back_mut())
            .unwrap_or(&mut self.first);
        if last.1 == 0 {
            *last = (fate, 1);
        } else if last.0 == fate && last.1 < u32::MAX {
            last.1 += 1;
        } else {
            self.rest.get_or_insert_default().push_back((fate, 1));
        }
    }

    pub(super) const fn first(&self) -> Option<Fate> {
        match self.first {
            (_, 0) => None,
            (fate, _) => Some(fate),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Fate> {
        let fate = self.first()?;
        self.first.1 -= 1;
        if self.first.1 == 0
            && let Some(rest) = &mut self.rest
            && let Some(next) = rest.pop_front()
        {
            self.first = next;
            if rest.is_empty() {
                self.rest = None;
            }
        }
        Some(fate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fates_come_in_the_order_in_which_they_were_known() {
        use Fate::{Lost, TakenAway, Written};

        let mut fates = Fates::default();
        let order = [Written, Written, TakenAway, Written, Lost, Lost];
        for fate in order {
            fates.push(fate);
        }
        for fate in order {
            assert_eq!(fates.first(), Some(fate));
            assert_eq!(fates.pop(), Some(fate));
        }
        assert_eq!(fates.pop(), None);
        fates.push(Lost);
        assert_eq!(fates.pop(), Some(Lost));
        assert_eq!(fates.first(), None);
    }

    #[test]
    fn fates_of_the_same_kind_need_no_memory_and_no_kind_keeps_any() {
        let mut fates = Fates::default();
        for _ in 0..1000 {
            fates.push(Fate::Lost);
        }
        assert!(fates.rest.is_none());
        fates.push(Fate::Written);
        while fates.pop().is_some() {}
        assert!(fates.rest.is_none());
    }
}
