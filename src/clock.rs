//! The time, and a cheap hint whether any has passed.

use std::time::Duration;

/// A mark in time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mark(u64);

impl Mark {
    pub(crate) fn now() -> Self {
        Self(counter::count())
    }

    /// Whether less than 100 µs have certainly passed, so that nobody needs to look at the clock,
    /// which takes four times as long.
    pub(crate) fn is_fresh(self) -> bool {
        self.is_fresh_at(Self::now())
    }

    /// Whether it was fresh at another mark.
    pub(crate) fn is_fresh_at(self, now: Self) -> bool {
        now.0.wrapping_sub(self.0) < counter::in_90_us()
    }

    /// Whether 100 µs have certainly passed.
    pub(crate) fn is_stale(self) -> bool {
        counter::count().wrapping_sub(self.0) > counter::most_in_100_us()
    }
}

/// The time since some moment of the past.
pub(crate) fn now() -> Duration {
    counter::now()
}

/// Where the processor counts at an even pace.
#[cfg(target_arch = "x86_64")]
mod counter {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    /// What the counter gains in 90 µs. Until that is known, what it gains at least: it runs at 1 GHz
    /// and more.
    static IN_90_US: AtomicU64 = AtomicU64::new(90_000);

    pub(super) fn in_90_us() -> u64 {
        IN_90_US.load(Ordering::Relaxed)
    }

    /// Before the pace is known, as if the counter ran at 5 GHz.
    pub(super) fn most_in_100_us() -> u64 {
        match in_90_us() {
            90_000 => 500_000,
            known => known / 8 * 9,
        }
    }

    pub(super) fn now() -> Duration {
        /// Time enough to tell the pace of the counter.
        const LONG: Duration = Duration::from_millis(10);
        static START: OnceLock<(Instant, u64)> = OnceLock::new();

        let (start, first) = START.get_or_init(|| (Instant::now(), count()));
        let elapsed = start.elapsed();
        if elapsed > LONG && in_90_us() == 90_000 {
            let gained = u128::from(count().wrapping_sub(*first));
            let pace = gained * 90_000 / elapsed.as_nanos();
            IN_90_US.store(u64::try_from(pace).unwrap_or(90_000), Ordering::Relaxed);
        }
        elapsed
    }

    pub(super) fn count() -> u64 {
        // SAFETY: every x86-64 processor has this instruction, which reads a counter; a process that
        // was forbidden to use it could not use the system's clock either.
        unsafe { std::arch::x86_64::_rdtsc() }
    }
}

/// Elsewhere it is the clock, in nanoseconds, that counts.
#[cfg(not(target_arch = "x86_64"))]
mod counter {
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    pub(super) const fn in_90_us() -> u64 {
        90_000
    }

    pub(super) const fn most_in_100_us() -> u64 {
        100_000
    }

    pub(super) fn now() -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    pub(super) fn count() -> u64 {
        u64::try_from(now().as_nanos()).unwrap_or(u64::MAX)
    }
}
