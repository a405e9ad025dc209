//! What a connection reports, and the chunk it reports about.

use std::ops::Range;

use crate::store::PayloadStore;

/// A chunk of bytes from the peer and how far it has been read. Payloads are unmasked in place.
#[derive(Debug)]
pub struct Input<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) position: usize,
}

impl<'a> Input<'a> {
    /// Goes on at `position` with a chunk that [`Connection::handle_bytes`] has already counted.
    ///
    /// [`Connection::handle_bytes`]: crate::Connection::handle_bytes
    #[must_use]
    pub fn resume(bytes: &'a mut [u8], position: usize) -> Self {
        let position = position.min(bytes.len());
        Self { bytes, position }
    }

    /// How many bytes have been read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The bytes of a payload.
    #[must_use]
    pub fn payload<'p, S: PayloadStore>(&'p self, payload: &'p Payload<S>) -> &'p [u8] {
        match payload {
            Payload::Input(range) => &self.bytes[range.clone()],
            Payload::Stored(store) => store.as_slice(),
        }
    }

    pub(crate) const fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Takes up to `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Range<usize> {
        let end = self.position + len.min(self.remaining());
        let range = self.position..end;
        self.position = end;
        range
    }
}

/// Unmasked bytes: a part of the chunk where they came whole, else a store of their own.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<S> {
    /// This range of the chunk.
    Input(Range<usize>),
    /// Assembled from several chunks or frames.
    Stored(S),
}

/// A whole data message.
#[derive(Debug, PartialEq, Eq)]
pub struct Message<S> {
    /// Whether it is binary; else it is text, and valid UTF-8 unless the check was skipped.
    pub binary: bool,
    /// Its bytes.
    pub payload: Payload<S>,
    /// How many frames it came in.
    pub frames: u32,
}

/// One frame of a compressed message; the connection waits for what it inflates to.
#[derive(Debug, PartialEq, Eq)]
pub struct CompressedFrame<S> {
    /// The compressed bytes, without the tail that the sender cut off (RFC 7692, section 7.2.1).
    pub payload: Payload<S>,
    /// Whether it ends the message.
    pub fin: bool,
}

/// A close frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Close<S> {
    /// The status code; 1005 if the frame had none.
    pub code: u16,
    /// The whole payload: empty, or two bytes of code and the reason.
    pub payload: Payload<S>,
}

/// What came in.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<S> {
    /// A data message.
    Message(Message<S>),
    /// A ping; it wants a pong with the same payload (RFC 6455, section 5.5.2).
    Ping(Payload<S>),
    /// A pong.
    Pong(Payload<S>),
    /// A close frame; everything behind it is ignored.
    Close(Close<S>),
    /// Inflate this and call [`handle_inflated`](crate::Connection::handle_inflated): now, later or
    /// with the work done on another thread. No further event comes before.
    Compressed(CompressedFrame<S>),
}

/// What came of inflated bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Inflated<S> {
    /// The message has more frames.
    Incomplete,
    /// The bytes just handed in are the whole message.
    Whole {
        /// Whether it is binary.
        binary: bool,
    },
    /// The message, put together from all its frames.
    Assembled(Message<S>),
}
