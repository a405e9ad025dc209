//! Where the bytes of a message go that does not lie whole in one chunk.

use std::fmt;

/// The allocator refused the memory for a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of memory")
    }
}

impl std::error::Error for OutOfMemory {}

/// Memory for one payload. A transport may put it where its listener wants it, so that the bytes
/// are copied once; `Vec<u8>` serves everybody else.
pub trait PayloadStore: Sized {
    /// An empty store with room for `capacity` bytes.
    ///
    /// # Errors
    /// [`OutOfMemory`] if there is none; the connection then fails with
    /// [`UnsupportedMessageLength`](crate::ErrorKind::UnsupportedMessageLength).
    fn with_capacity(capacity: usize) -> Result<Self, OutOfMemory>;

    /// How many bytes fit without [`grow`](Self::grow).
    fn capacity(&self) -> usize;

    /// Makes room for `capacity` bytes in all, keeping those that are there.
    ///
    /// # Errors
    /// [`OutOfMemory`], with the store unchanged.
    fn grow(&mut self, capacity: usize) -> Result<(), OutOfMemory>;

    /// Appends `bytes`; the caller has made room.
    fn append(&mut self, bytes: &[u8]);

    /// Appends what `read` puts at the start of the slice it is given, at most `max` bytes; it
    /// returns how many these are. The caller has made room.
    fn fill(&mut self, max: usize, read: &mut dyn FnMut(&mut [u8]) -> usize) -> usize {
        let mut bytes = vec![0; max];
        let len = read(&mut bytes).min(max);
        self.append(&bytes[..len]);
        len
    }

    /// All bytes so far.
    fn as_slice(&self) -> &[u8];

    /// All bytes so far, to be changed in place.
    fn as_mut_slice(&mut self) -> &mut [u8];
}

impl PayloadStore for Vec<u8> {
    fn with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        let mut store = Self::new();
        store.try_reserve_exact(capacity).map_err(|_| OutOfMemory)?;
        Ok(store)
    }

    fn capacity(&self) -> usize {
        self.capacity()
    }

    fn grow(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        let additional = capacity.saturating_sub(self.len());
        self.try_reserve_exact(additional).map_err(|_| OutOfMemory)
    }

    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn fill(&mut self, max: usize, read: &mut dyn FnMut(&mut [u8]) -> usize) -> usize {
        let start = self.len();
        self.resize(start + max, 0);
        let len = read(&mut self[start..]).min(max);
        self.truncate(start + len);
        len
    }

    fn as_slice(&self) -> &[u8] {
        self
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        self
    }
}
