//! Plaintext that was read from a session and not given out yet.

use std::collections::VecDeque;

use super::queue::Queue;

/// Bytes, of which it may be known in which records they came.
#[derive(Debug, Default)]
pub(super) struct Plain {
    bytes: Queue,
    /// What is left of each of the last records, in their order.
    records: VecDeque<usize>,
    /// How many bytes those are.
    known: usize,
}

impl Plain {
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Whether another record is there already.
    pub(super) const fn has_record(&self) -> bool {
        self.known > 0
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.forget_records();
        self.bytes.push(bytes);
    }

    pub(super) fn push_record(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.bytes.push(bytes);
            self.records.push_back(bytes.len());
            self.known += bytes.len();
        }
    }

    /// Puts bytes before all others.
    pub(super) fn put_back(&mut self, bytes: Vec<u8>) {
        self.bytes.put_back(bytes);
    }

    /// The first `len` bytes were used.
    pub(super) fn advance(&mut self, len: usize) {
        self.forget_records();
        self.bytes.advance(len);
    }

    /// Moves what fits to `room`; returns how much.
    pub(super) fn take(&mut self, room: &mut [u8]) -> usize {
        self.forget_records();
        self.bytes.take(room)
    }

    /// As [`take`](Self::take), but no more than what is left of the first record, or what stands before it.
    pub(super) fn take_record(&mut self, room: &mut [u8]) -> usize {
        let before = self.len() - self.known;
        let whole = match self.records.front() {
            Some(len) if before == 0 => *len,
            _ => before,
        };
        let room_for = whole.min(room.len());
        let len = self.bytes.take(&mut room[..room_for]);
        if before == 0
            && let Some(first) = self.records.front_mut()
        {
            *first -= len;
            self.known -= len;
            if *first == 0 {
                self.records.pop_front();
            }
            if self.known == 0 {
                self.forget_records();
            }
        }
        len
    }

    fn forget_records(&mut self) {
        if self.records.capacity() > 0 {
            self.records = VecDeque::new();
            self.known = 0;
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.records.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(plain: &mut Plain, room: usize) -> Vec<u8> {
        let mut bytes = vec![0; room];
        let len = plain.take_record(&mut bytes);
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn records_are_taken_one_by_one_and_in_parts_if_the_room_is_small() {
        let mut plain = Plain::default();
        plain.push_record(b"abc");
        plain.push_record(b"");
        plain.push_record(b"de");
        assert_eq!(plain.as_slice(), b"abcde");
        assert_eq!(taken(&mut plain, 2), b"ab");
        assert_eq!(taken(&mut plain, 9), b"c");
        assert!(plain.has_record());
        assert_eq!(taken(&mut plain, 9), b"de");
        assert!(!plain.has_record());
        assert_eq!(taken(&mut plain, 9), b"");
        assert_eq!(plain.capacity(), 0);
    }

    #[test]
    fn what_stands_before_the_records_is_taken_alone() {
        let mut plain = Plain::default();
        plain.push(b"ab");
        plain.push_record(b"cd");
        plain.push_record(b"e");
        plain.put_back(b"_".to_vec());
        assert_eq!(taken(&mut plain, 9), b"_ab");
        assert_eq!(taken(&mut plain, 9), b"cd");
        assert_eq!(taken(&mut plain, 9), b"e");
    }

    #[test]
    fn whoever_takes_bytes_gets_those_of_several_records() {
        let mut plain = Plain::default();
        plain.push_record(b"ab");
        plain.push_record(b"cd");
        plain.push_record(b"ef");
        let mut room = [0; 3];
        assert_eq!(plain.take(&mut room), 3);
        assert_eq!(&room, b"abc");
        assert!(!plain.has_record());
        assert_eq!(taken(&mut plain, 9), b"def");
        plain.push_record(b"gh");
        plain.advance(1);
        plain.push(b"i");
        assert_eq!(taken(&mut plain, 9), b"hi");
    }
}
