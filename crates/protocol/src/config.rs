//! What a connection is told at its start.

/// Which end of the connection this is: it decides who masks (RFC 6455, section 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Sends masked frames, expects unmasked ones.
    Client,
    /// Sends unmasked frames, expects masked ones.
    Server,
}

impl Role {
    /// Whether frames from the peer must be masked.
    #[must_use]
    pub const fn expects_mask(self) -> bool {
        matches!(self, Self::Server)
    }
}

/// Limits and extensions. A limit of 0 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// The most bytes of one message, on the wire and inflated.
    pub max_payload: u64,
    /// The most frames of one message, empty ones included.
    pub max_fragments: u32,
    /// The most chunks of input held because a frame is incomplete.
    pub max_buffered_chunks: u32,
    /// Whether permessage-deflate was negotiated, so that RSV1 may be set.
    pub compression: bool,
    /// Whether text and close reasons go unchecked.
    pub skip_utf8_validation: bool,
}

impl Default for Config {
    /// The limits that `ws` 8.23 has by default: 100 MiB, 16384 frames, 262144 chunks.
    fn default() -> Self {
        Self {
            max_payload: 100 * 1024 * 1024,
            max_fragments: 16 * 1024,
            max_buffered_chunks: 256 * 1024,
            compression: false,
            skip_utf8_validation: false,
        }
    }
}
