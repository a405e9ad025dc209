//! The time, and a cheap hint whether any has passed.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// The time since some moment of the past.
pub(crate) fn now() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}

/// A mark in time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) fn now() -> Self {
        Self(count())
    }

    /// Whether less than 100 µs have certainly passed, so that nobody needs to look at the clock,
    /// which takes four times as long.
    pub(crate) fn is_fresh(self) -> bool {
        count().wrapping_sub(self.0) < IN_100_US
    }

    /// Whether 100 µs have certainly passed.
    pub(crate) fn is_stale(self) -> bool {
        count().wrapping_sub(self.0) > MORE_THAN_100_US
    }
}

/// What the counter gains in 100 µs at least: it runs at 1 GHz and more.
const IN_100_US: u64 = 100_000;
/// What it gains in 100 µs at most: it hardly runs at more than 5 GHz.
#[cfg(target_arch = "x86_64")]
const MORE_THAN_100_US: u64 = 500_000;
#[cfg(not(target_arch = "x86_64"))]
const MORE_THAN_100_US: u64 = IN_100_US;

#[cfg(target_arch = "x86_64")]
fn count() -> u64 {
    // SAFETY: every x86-64 processor has this instruction, which reads a counter; a process that
    // was forbidden to use it could not use the system's clock either.
    unsafe { std::arch::x86_64::_rdtsc() }
}

/// Elsewhere it is the clock, in ns.
#[cfg(not(target_arch = "x86_64"))]
fn count() -> u64 {
    now().as_nanos() as u64
}
