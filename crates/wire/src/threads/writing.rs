//! What an I/O thread writes next, with frames in it whose real bytes it has made itself.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::Arc;

/// Makes the real bytes of what an owner has put.
pub trait Pack: Debug + Send + Sync {
    /// Appends them; `false` if there is a fault, with which the connection ends.
    fn pack(&self, bytes: &[u8], out: &mut Vec<u8>) -> bool;
}

/// A range of bytes that were put, to be packed.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) pack: Arc<dyn Pack>,
}

/// What was packed of bytes that are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// Where it begins in the bytes as they were put.
    pub at: usize,
    /// How long it was, ...
    pub from: usize,
    /// ... how long what is left of it is, ...
    pub to: usize,
    /// ... and what of it is written.
    pub written: usize,
}

/// What is being written.
#[derive(Debug, Default)]
pub(super) struct Writing {
    bytes: Vec<u8>,
    /// How much of it is written.
    start: usize,
    /// Where in `bytes` something was packed, from and to, and how long that was.
    packed: VecDeque<(usize, usize, usize)>,
}

/// What has become of bytes that were put.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    /// So many of them are written, ...
    pub(super) written: usize,
    /// ... and those that were packed had so many less.
    pub(super) shrunk: i64,
}

impl Writing {
    /// What is to be written next.
    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Adds what was put, and packs what is to be packed; `false` if there is a fault.
    #[must_use]
    pub(super) fn put(&mut self, bytes: Vec<u8>, parcels: VecDeque<Parcel>) -> bool {
        if self.start == self.bytes.len() {
            self.clear();
        }
        if self.bytes.is_empty() && parcels.is_empty() {
            self.bytes = bytes;
            return true;
        }
        let mut from = 0;
        for Parcel { start, len, pack } in parcels {
            self.bytes.extend_from_slice(&bytes[from..start]);
            from = start + len;
            let at = self.bytes.len();
            if !pack.pack(&bytes[start..from], &mut self.bytes) {
                self.clear();
                return false;
            }
            self.packed.push_back((at, self.bytes.len(), len));
        }
        self.bytes.extend_from_slice(&bytes[from..]);
        true
    }

    /// So many bytes are written. Of what was packed none counts before all of it is.
    pub(super) fn advance(&mut self, len: usize) -> Progress {
        let mut from = self.start;
        let mut progress = Progress::default();
        self.start += len;
        while let Some(&(start, end, put)) = self.packed.front()
            && start < self.start
        {
            progress.written += start.saturating_sub(from);
            from = self.start;
            if end > self.start {
                break;
            }
            from = end;
            progress.written += put;
            progress.shrunk += put as i64 - (end - start) as i64;
            self.packed.pop_front();
        }
        progress.written += self.start - from;
        if self.start == self.bytes.len() {
            self.clear();
        }
        progress
    }

    /// Gives back what is not written, and says what of it was packed.
    pub(super) fn take(&mut self) -> (Vec<u8>, Vec<Packed>) {
        let mut list = Vec::with_capacity(self.packed.len());
        let mut from = self.start;
        let mut at = 0;
        for (start, end, put) in self.packed.drain(..) {
            at += start.saturating_sub(from);
            list.push(Packed {
                at,
                from: put,
                to: end - start.max(self.start),
                written: self.start.saturating_sub(start),
            });
            at += put;
            from = end;
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        bytes.drain(..std::mem::take(&mut self.start));
        (bytes, list)
    }

    pub(super) fn clear(&mut self) {
        // An idle connection keeps none.
        *self = Self::default();
    }
}

#[cfg(test)]
impl Progress {
    pub(super) const fn of(written: usize) -> Self {
        Self { written, shrunk: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Appends the bytes as often as the first says.
    #[derive(Debug)]
    struct Times;

    impl Pack for Times {
        fn pack(&self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
            for _ in b'0'..bytes[0] {
                out.extend_from_slice(&bytes[1..]);
            }
            bytes[0] != b'!'
        }
    }

    fn parcels(list: &[(usize, usize)]) -> VecDeque<Parcel> {
        let parcel = |&(start, len)| Parcel {
            start,
            len,
            pack: Arc::new(Times),
        };
        list.iter().map(parcel).collect()
    }

    fn writing() -> Writing {
        let mut writing = Writing::default();
        assert!(writing.put(b"ab3xyc0defg".to_vec(), parcels(&[(2, 3), (6, 4)])));
        assert_eq!(writing.rest(), b"abxyxyxycg");
        writing
    }

    #[test]
    fn what_is_packed_counts_when_all_of_it_is_written() {
        let mut writing = writing();
        let mut sum = 0;
        let mut all = Vec::new();
        for _ in 0..10 {
            let progress = writing.advance(1);
            sum += progress.written;
            all.push((sum, progress.shrunk));
        }
        let packed = [(2, 0), (2, 0), (2, 0), (2, 0), (2, 0), (5, -3)];
        assert_eq!(all[..2], [(1, 0), (2, 0)]);
        assert_eq!(all[2..8], packed);
        assert_eq!(all[8..], [(6, 0), (11, 4)]);
        assert_eq!(writing.rest(), b"");
    }

    #[test]
    fn what_is_written_at_once_counts_as_a_whole() {
        let progress = writing().advance(10);
        assert_eq!((progress.written, progress.shrunk), (11, 1));
    }

    #[test]
    fn what_is_given_back_says_what_was_packed() {
        let mut all = writing();
        assert_eq!(all.advance(4).written, 2);
        let (bytes, list) = all.take();
        assert_eq!(bytes, b"xyxycg");
        let packed = |at, from, to, written| Packed {
            at,
            from,
            to,
            written,
        };
        assert_eq!(list, [packed(0, 3, 4, 2), packed(4, 4, 0, 0)]);
        assert_eq!(all.take(), (Vec::new(), Vec::new()));
    }

    #[test]
    fn what_is_added_comes_behind_what_was_packed_before() {
        let mut all = writing();
        assert_eq!(all.advance(1).written, 1);
        assert!(all.put(b"h2i".to_vec(), parcels(&[(1, 2)])));
        assert_eq!(all.rest(), b"bxyxyxycghii");
        assert_eq!(all.advance(12).written, 10 + 3);
    }

    #[test]
    fn a_fault_leaves_nothing() {
        let mut all = Writing::default();
        assert!(!all.put(b"a!b".to_vec(), parcels(&[(1, 2)])));
        assert_eq!(all.rest(), b"");
    }
}
