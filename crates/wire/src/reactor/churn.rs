//! How often sockets come.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Beyond so many in a period they come often: no program that looks at the order of events opens as many,
/// and a handle of their own costs each two to four system calls.
const MANY: u32 = 1000;
const PERIOD: Duration = Duration::from_secs(1);

/// Counts what comes, by periods of a second.
#[derive(Debug, Default)]
pub(super) struct Churn {
    since: Cell<Option<Instant>>,
    count: Cell<u32>,
}

impl Churn {
    /// One more has come; returns whether many have in this period.
    pub(super) fn note(&self, now: Instant) -> bool {
        let is_over = |since| now.saturating_duration_since(since) >= PERIOD;
        if self.since.get().is_none_or(is_over) {
            self.since.set(Some(now));
            self.count.set(0);
        }
        let count = self.count.get().saturating_add(1);
        self.count.set(count);
        count > MANY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_in_a_second_are_not_many_and_one_more_is() {
        let churn = Churn::default();
        let now = Instant::now();
        for _ in 0..MANY {
            assert!(!churn.note(now));
        }
        assert!(churn.note(now));
        assert!(churn.note(now + PERIOD - Duration::from_nanos(1)));
    }

    #[test]
    fn each_second_is_counted_anew() {
        let churn = Churn::default();
        let now = Instant::now();
        for _ in 0..=MANY {
            churn.note(now);
        }
        assert!(!churn.note(now + PERIOD));
        assert!(!churn.note(now + PERIOD));
    }
}
