//! What the owner of a socket is told.

/// A socket that has something to read, or room to write.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// The number that it was registered with.
    pub id: u64,
    /// There is something to read, or an end or an error to be met by reading.
    pub readable: bool,
    /// There is room to write, or an error to be met by writing.
    pub writable: bool,
    /// To be read until nothing is left, as a short read does not show it: there is an end or an error
    /// behind the bytes, or urgent data between them.
    pub until_empty: bool,
    /// What is behind the bytes is the peer's end, and nothing else.
    pub ends: bool,
    /// Right behind bytes libuv takes it for an end, whatever it is.
    pub hangs_up: bool,
    /// What is left is told of again, without being asked for.
    pub is_told_again: bool,
}

impl Ready {
    /// One with nothing to read, and no room to write.
    #[must_use]
    pub const fn nothing(id: u64) -> Self {
        Self {
            id,
            readable: false,
            writable: false,
            until_empty: false,
            ends: false,
            hangs_up: false,
            is_told_again: false,
        }
    }
}
