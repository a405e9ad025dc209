//! Who is told in one of the moments behind polling, and who in the next.

use std::cell::Cell;

/// What is asked for by who is told is done in the same moment, in so many rounds as in libuv.
const MAX_ROUNDS: u32 = 8;

/// How many have asked to be told.
#[derive(Debug, Default)]
pub(crate) struct Rounds(Cell<u32>);

impl Rounds {
    /// One more is to be told.
    pub(crate) fn ask(&self) {
        self.0.set(self.0.get() + 1);
    }

    /// Calls `tell` once for each; returns whether some are to be told in another moment.
    pub(crate) fn run(&self, mut tell: impl FnMut()) -> bool {
        for _ in 0..MAX_ROUNDS {
            for _ in 0..self.0.take() {
                tell();
            }
        }
        self.0.get() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_told_once() {
        let rounds = Rounds::default();
        let told = Cell::new(0);
        rounds.ask();
        rounds.ask();
        assert!(!rounds.run(|| told.set(told.get() + 1)));
        assert_eq!(told.get(), 2);
        assert!(!rounds.run(|| panic!("nobody has asked")));
    }

    #[test]
    fn who_asks_when_told_is_told_in_the_same_moment_eight_times() {
        let rounds = Rounds::default();
        let told = Cell::new(0);
        rounds.ask();
        let ask_again = || {
            told.set(told.get() + 1);
            rounds.ask();
        };
        assert!(rounds.run(ask_again));
        assert_eq!(told.get(), 8);
        assert!(!rounds.run(|| told.set(told.get() + 1)));
        assert_eq!(told.get(), 9);
    }
}
