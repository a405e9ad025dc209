//! Bytes in pieces, a record at a time.

use super::session::MAX_RECORD;

/// Slices, and how far they were gone through.
pub(super) struct Slices<'a, 'b> {
    slices: &'a [&'b [u8]],
    used: usize,
}

impl<'a, 'b> Slices<'a, 'b> {
    pub(super) const fn new(slices: &'a [&'b [u8]]) -> Self {
        Self { slices, used: 0 }
    }

    /// The next bytes, as many as a record takes; joined in `room` if they are in pieces.
    pub(super) fn next_record<'r>(&mut self, room: &'r mut [u8]) -> &'r [u8]
    where
        Self: 'r,
    {
        let mut len = 0;
        while let Some((first, rest)) = self.slices.split_first() {
            let bytes = &first[self.used..];
            if len == 0 && bytes.len() >= MAX_RECORD {
                self.used += MAX_RECORD;
                return &bytes[..MAX_RECORD];
            }
            let part = bytes.len().min(MAX_RECORD - len);
            if len == 0 && (rest.is_empty() || part == MAX_RECORD) {
                self.used += part;
                if self.used == first.len() {
                    (self.slices, self.used) = (rest, 0);
                }
                return &bytes[..part];
            }
            room[len..len + part].copy_from_slice(&bytes[..part]);
            len += part;
            self.used += part;
            if self.used == first.len() {
                (self.slices, self.used) = (rest, 0);
            }
            if len == MAX_RECORD {
                break;
            }
        }
        &room[..len]
    }
}
