//! How much memory compression states take, wherever they are.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Counts the bytes of all states that were made with it.
#[derive(Debug, Default, Clone)]
pub(super) struct Meter(Arc<AtomicI64>);

/// Goes with a state: its bytes are counted for as long as it lives, also where a panic ends it.
#[derive(Debug)]
pub(super) struct Charge {
    meter: Meter,
    bytes: i64,
}

impl Meter {
    pub(super) fn charge(&self, bytes: usize) -> Charge {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.0.fetch_add(bytes, Ordering::Relaxed);
        Charge {
            meter: self.clone(),
            bytes,
        }
    }

    /// The change since the last call, in bytes.
    pub(super) fn take_change(&self) -> i64 {
        // Most of the time there is none.
        if self.0.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.meter.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_what_lives_and_tells_each_change_once() {
        let meter = Meter::default();
        let first = meter.charge(100);
        let second = meter.charge(20);
        assert_eq!(meter.take_change(), 120);
        assert_eq!(meter.take_change(), 0);
        drop(first);
        assert_eq!(meter.take_change(), -100);
        drop(second);
        assert_eq!(meter.take_change(), -20);
    }

    #[test]
    fn a_panic_gives_back_what_it_ends() {
        let meter = Meter::default();
        let charge = meter.charge(100);
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _charge = charge;
            std::panic::resume_unwind(Box::new("a fault"));
        }));
        assert!(panic.is_err());
        assert_eq!(meter.take_change(), 0);
    }
}
