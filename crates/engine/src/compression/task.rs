//! What is asked of a codec, and why there may be no answer.

use ws_rs_protocol::{CompressionError, DeflateOptions};

/// The window of decompressors that are passed on; it reads every smaller one.
pub(super) const WINDOW_BITS: u8 = 15;

/// A message of this many bytes needs no more context than is remembered of each connection: it
/// takes a compressor from the pool, which is in the cache, and has all the context it needs soon.
pub(super) const LONG: usize = 128 * 1024;

/// What states are made with.
#[derive(Debug)]
pub enum Kind {
    /// A compressor.
    Deflate(DeflateOptions),
    /// A decompressor.
    Inflate {
        /// The base-2 logarithm of the window, 9 to 15.
        window_bits: u8,
        /// Bytes that both sides take for already sent; empty for none.
        dictionary: Vec<u8>,
    },
}

/// One piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Task {
    /// Whether the payload ends its message.
    pub fin: bool,
    /// Whether to forget the context after it.
    pub reset: bool,
    /// The most bytes to inflate to.
    pub limit: usize,
    /// Whether whoever gets the result lets no program see its memory.
    pub is_lent: bool,
}

impl Task {
    /// A whole message, of which nobody is lent the result.
    #[must_use]
    pub const fn message(reset: bool, limit: usize) -> Self {
        Self {
            fin: true,
            reset,
            limit,
            is_lent: false,
        }
    }
}

/// Why there are no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The payload is corrupt or too long, or there is no memory.
    Codec(CompressionError),
    /// A fault of ours, which ended the state it happened in.
    Panicked,
    /// No thread did it.
    Lost,
    /// The codec has a payload already, is closed, or has nothing left to do.
    NotReady,
}

impl Kind {
    pub(super) const fn is_deflate(&self) -> bool {
        matches!(self, Self::Deflate(_))
    }

    /// The window of a decompressor, which may be larger than was agreed on if it is for one message.
    pub(super) const fn inflater_bits(&self, for_a_message: bool) -> u8 {
        match self {
            Self::Inflate { window_bits, .. } if !for_a_message => *window_bits,
            _ => WINDOW_BITS,
        }
    }

    /// Whether another thread may take a state for this message from the pool, when its turn has
    /// come: that of a decompressor that keeps its context stays with its connection.
    pub(super) const fn is_from_pool(&self, task: Task, len: usize) -> bool {
        task.reset || (self.is_deflate() && len >= LONG)
    }
}
