//! Whether a frame may go past the outbox.

/// Whether a wire may be given a frame past the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// It may.
    Open,
    /// What waits is to be written before.
    Behind,
    /// A stream writes, or nothing can be written any more.
    Closed,
}
