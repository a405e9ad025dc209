//! Which frames go past I/O threads, to the kernel at once.

/// So many frames of a tick do.
const MOST: u8 = 4;
/// Frames for many of so many bytes do: a thread would have a copy of one for each peer that does not read, and to
/// make it takes as long.
const LONG: usize = 64 * 1024;

/// The frames of a tick, or of a turn. The first ones, and those that answer a connection alone, need no hop, and are
/// with the kernel when the program goes on, even if a signal ends the process then.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AtOnce {
    count: u8,
    in_company: bool,
}

impl AtOnce {
    /// A socket has its turn, alone or as one of several.
    #[must_use]
    pub const fn of_turn(in_company: bool) -> Self {
        Self {
            count: 0,
            in_company,
        }
    }

    /// The tick is over.
    #[must_use]
    pub const fn next_tick(self) -> Self {
        Self { count: 0, ..self }
    }

    /// One more was written at once.
    #[must_use]
    pub const fn with_one_more(self) -> Self {
        Self {
            count: self.count.saturating_add(1),
            ..self
        }
    }

    /// Whether the next one is; `in_turn` says that a socket has its turn.
    #[must_use]
    pub const fn allows(self, in_turn: bool) -> bool {
        self.count < MOST && !(self.in_company && in_turn)
    }
}

/// Whether a frame of `len` bytes that many have goes past the threads. What is encrypted is a copy in any case.
#[must_use]
pub const fn goes_past_threads(len: usize, is_encrypted: bool) -> bool {
    len >= LONG && !is_encrypted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_four_frames_of_a_tick_are_written_at_once() {
        let mut frames = AtOnce::default();
        for _ in 0..4 {
            assert!(frames.allows(false));
            frames = frames.with_one_more();
        }
        assert!(!frames.allows(false));
        assert!(frames.next_tick().allows(false));
    }

    #[test]
    fn in_the_turns_of_several_sockets_none_is() {
        assert!(AtOnce::of_turn(false).allows(true));
        let several = AtOnce::of_turn(true);
        assert!(!several.allows(true));
        assert!(several.allows(false));
        assert!(!several.next_tick().allows(true));
    }

    #[test]
    fn of_frames_for_many_those_of_64_kib_are_unless_they_are_encrypted() {
        assert!(!goes_past_threads(65_535, false));
        assert!(goes_past_threads(65_536, false));
        assert!(!goes_past_threads(65_536, true));
    }
}
