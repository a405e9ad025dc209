//! A frame whose length is known only when a wire has made it.

/// A frame of which the wire has made the real bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resized {
    /// Where it began in the bytes that are given back, as they were before.
    pub at: u64,
    /// How long it was, ...
    pub from: u64,
    /// ... and how long what is given back of it is.
    pub to: u64,
    /// What of it is written.
    pub written: u64,
}

impl Resized {
    /// How many bytes more it has than was said.
    #[must_use]
    pub const fn growth(&self) -> i64 {
        (self.to + self.written).wrapping_sub(self.from) as i64
    }
}
