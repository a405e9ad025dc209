//! What became of a frame.

/// What became of a frame that was sent, or of what waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// All is written.
    Written,
    /// It waits until the batch of turns has come to its end, or the next pause in it.
    WithBatch,
    /// It waits until the tick ends.
    WithTick,
    /// It is the stream's to write, now.
    Take,
    /// It waits for the wire, which takes no more.
    Blocked,
    /// The connection is broken: see [`write_error`](super::Connection::write_error).
    Failed,
}

impl Sent {
    /// Whether the wire is to tell of room; `None`: it was not asked to take anything.
    #[must_use]
    pub const fn wants_room(self) -> Option<bool> {
        match self {
            Self::Blocked => Some(true),
            Self::Written | Self::Failed => Some(false),
            Self::WithBatch | Self::WithTick | Self::Take => None,
        }
    }

    /// Whether a writer has got all that was sent.
    #[must_use]
    pub const fn has_left(self) -> bool {
        matches!(self, Self::Written | Self::Take)
    }
}
