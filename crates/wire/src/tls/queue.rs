//! Bytes that are added at one end and used at the other.

/// Bytes of which the first were used up.
#[derive(Debug, Default)]
pub(super) struct Queue {
    bytes: Vec<u8>,
    used: usize,
}

impl Queue {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.used..]
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[self.used..]
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len() - self.used
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds `len` bytes, which are the caller's to write.
    pub(super) fn extend(&mut self, len: usize) -> &mut [u8] {
        let at = self.bytes.len();
        self.bytes.resize(at + len, 0);
        &mut self.bytes[at..]
    }

    /// Puts bytes before all others.
    pub(super) fn put_back(&mut self, mut bytes: Vec<u8>) {
        if !bytes.is_empty() {
            bytes.extend_from_slice(self.as_slice());
            *self = Self { bytes, used: 0 };
        }
    }

    /// The first `len` bytes were used. Of an empty queue no memory is kept.
    pub(super) fn advance(&mut self, len: usize) {
        self.used += len;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    #[cfg(test)]
    pub(super) const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Moves what fits to `room`; returns how much.
    pub(super) fn take(&mut self, room: &mut [u8]) -> usize {
        let len = room.len().min(self.len());
        room[..len].copy_from_slice(&self.as_slice()[..len]);
        self.advance(len);
        len
    }
}
