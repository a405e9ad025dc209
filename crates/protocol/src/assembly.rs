//! One message in the making: its bytes, its frames, its text check.

use std::mem;

use crate::error::{ErrorKind, ProtocolError};
use crate::mask::apply_mask;
use crate::store::{OutOfMemory, PayloadStore};
use crate::utf8::Utf8Stream;

/// Below this a store may be made for all that a frame announces; above, only for twice what came,
/// so that a peer cannot make us allocate what it never sends.
const TRUSTED_CAPACITY: usize = 64 * 1024;

/// The list of fragment ends is kept for the next message up to this many.
const KEPT_ENDS: usize = 256;

/// What is known of the bytes still to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    /// How many the current frame still announces.
    pub(crate) in_frame: u64,
    /// Whether no frame follows it.
    pub(crate) last_frame: bool,
}

impl Expected {
    /// Nothing more of the current frame.
    pub(crate) const fn none(last_frame: bool) -> Self {
        Self {
            in_frame: 0,
            last_frame,
        }
    }
}

#[derive(Debug)]
#[repr(C)]
pub(crate) struct Assembly<S> {
    /// Whether a data message is open.
    pub(crate) open: bool,
    pub(crate) binary: bool,
    pub(crate) compressed: bool,
    pub(crate) frames: u32,
    ends: Vec<usize>,
    /// Wire bytes that the headers of its frames announced.
    pub(crate) wire_len: u64,
    /// Bytes that its compressed frames inflated to.
    pub(crate) inflated_len: u64,
    store: Option<S>,
    utf8: Utf8Stream,
}

impl<S> Default for Assembly<S> {
    fn default() -> Self {
        Self {
            open: false,
            binary: false,
            compressed: false,
            frames: 0,
            wire_len: 0,
            inflated_len: 0,
            store: None,
            utf8: Utf8Stream::default(),
            ends: Vec::new(),
        }
    }
}

impl<S: PayloadStore> Assembly<S> {
    /// Opens a message.
    pub(crate) fn begin(&mut self, binary: bool, compressed: bool) {
        self.open = true;
        self.binary = binary;
        self.compressed = compressed;
        self.forget_ends();
    }

    /// The next message begins, which may have one frame only.
    pub(crate) fn forget_ends(&mut self) {
        if self.ends.capacity() > KEPT_ENDS {
            self.ends = Vec::new();
        }
        self.ends.clear();
    }

    /// Appends unmasked bytes; `expected` more are announced behind them.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        expected: Expected,
        check_text: bool,
    ) -> Result<(), ProtocolError> {
        if check_text && !self.binary {
            self.utf8.push(bytes);
        }
        append(&mut self.store, bytes, expected)
    }

    /// Appends bytes of the current frame straight from `read`, unmasked with `key`; room is made
    /// for twice what is stored and `waiting`, and the frame has `missing` bytes left.
    pub(crate) fn fill(
        &mut self,
        (missing, waiting): (u64, usize),
        key: Option<[u8; 4]>,
        check_text: bool,
        read: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> Result<usize, ProtocolError> {
        let Some(store) = &mut self.store else {
            return Ok(0);
        };
        let len = store.as_slice().len();
        let missing = usize::try_from(missing).unwrap_or(usize::MAX);
        let arrived = len.saturating_add(waiting.min(missing));
        let capacity = len
            .saturating_add(missing)
            .min(TRUSTED_CAPACITY.max(arrived.saturating_mul(2)));
        if store.capacity() < capacity {
            store.grow(capacity).map_err(too_long)?;
        }
        let space = missing.min(store.capacity() - len);
        let filled = store.fill(space, read);
        let tail = &mut store.as_mut_slice()[len..];
        if let Some(key) = key {
            apply_mask(tail, key);
        }
        if check_text && !self.binary {
            self.utf8.push(tail);
        }
        Ok(filled)
    }

    /// Whether some of its bytes are stored.
    pub(crate) const fn is_stored(&self) -> bool {
        self.store.is_some()
    }

    /// Notes the end of a frame that is not the whole message.
    pub(crate) fn end_fragment(&mut self) {
        let end = self.len();
        if end > self.ends.last().copied().unwrap_or(0) {
            self.ends.push(end);
        }
    }

    /// Bytes assembled so far.
    pub(crate) fn len(&self) -> usize {
        self.store
            .as_ref()
            .map_or(0, |store| store.as_slice().len())
    }

    /// Where the frames of the last assembled message end in its payload, empty frames left out.
    pub(crate) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Whether there are any such ends.
    pub(crate) const fn has_ends(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Closes the message and gives its bytes away; an error if its text is not UTF-8.
    pub(crate) fn finish(
        &mut self,
        check_text: bool,
    ) -> Result<(bool, u32, Option<S>), ProtocolError> {
        let valid = self.utf8.finish();
        if check_text && !self.binary && !valid {
            return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
        }
        let frames = mem::take(&mut self.frames);
        self.open = false;
        self.compressed = false;
        self.wire_len = 0;
        self.inflated_len = 0;
        Ok((self.binary, frames, self.store.take()))
    }
}

/// Appends to a store that is made, and grows, no further than what arrived warrants.
pub(crate) fn append<S: PayloadStore>(
    store: &mut Option<S>,
    bytes: &[u8],
    expected: Expected,
) -> Result<(), ProtocolError> {
    if bytes.is_empty() {
        return Ok(());
    }
    let arrived = store.as_ref().map_or(0, |store| store.as_slice().len()) + bytes.len();
    let announced = usize::try_from(expected.in_frame)
        .ok()
        .and_then(|in_frame| arrived.checked_add(in_frame))
        .unwrap_or(usize::MAX);
    let capacity = announced.min(TRUSTED_CAPACITY.max(arrived.saturating_mul(2)));
    let store = match store {
        None => store.insert(S::with_capacity(capacity).map_err(too_long)?),
        Some(store) => {
            if store.capacity() < arrived {
                // Frames do not announce those behind them: double, so that many small ones do not
                // copy the message again and again. Still less than twice what arrived.
                let least = if expected.last_frame {
                    arrived
                } else {
                    store.capacity() * 2
                };
                store.grow(capacity.max(least)).map_err(too_long)?;
            }
            store
        }
    };
    store.append(bytes);
    Ok(())
}

const fn too_long(_: OutOfMemory) -> ProtocolError {
    ProtocolError::new(ErrorKind::UnsupportedMessageLength)
}
