//! Buffers of jobs that are done, for the next ones: fresh ones cost a page fault for every 4 KiB.

/// No more are kept than threads can fill and the event loop empty at a time.
const MOST: usize = 4;
/// Nor longer ones, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Empty buffers.
#[derive(Debug, Default)]
pub(super) struct Buffers(Vec<Vec<u8>>);

impl Buffers {
    /// The smallest that has so many bytes, or else one that has none yet.
    pub(super) fn take(&mut self, len: usize) -> Vec<u8> {
        let fits = |buffer: &Vec<u8>| buffer.capacity() >= len && buffer.capacity() / 4 <= len;
        let found = (0..self.0.len())
            .filter(|&index| fits(&self.0[index]))
            .min_by_key(|&index| self.0[index].capacity());
        found.map_or_else(Vec::new, |index| self.0.swap_remove(index))
    }

    /// Takes one back that is not needed any more.
    pub(super) fn give_back(&mut self, mut buffer: Vec<u8>) {
        if buffer.capacity() == 0 || buffer.capacity() > LONGEST + LONGEST / 8 {
            return;
        }
        if self.0.len() == MOST {
            // The oldest one goes, as other lengths may be wanted by now.
            self.0.remove(0);
        }
        buffer.clear();
        self.0.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_fits_is_taken_again() {
        let mut buffers = Buffers::default();
        for capacity in [4000, 2000, 3000] {
            buffers.give_back(Vec::with_capacity(capacity));
        }
        assert_eq!(buffers.take(1500).capacity(), 2000);
        assert_eq!(buffers.take(1500).capacity(), 3000);
        assert_eq!(buffers.take(4001).capacity(), 0);
    }

    #[test]
    fn a_long_one_is_not_used_for_a_short_result() {
        let mut buffers = Buffers::default();
        buffers.give_back(Vec::with_capacity(100_000));
        assert_eq!(buffers.take(100).capacity(), 0);
        assert_eq!(buffers.take(30_000).capacity(), 100_000);
    }

    #[test]
    fn few_and_not_too_long_ones_are_kept() {
        let mut buffers = Buffers::default();
        buffers.give_back(Vec::with_capacity(10 * LONGEST));
        assert_eq!(buffers.0.len(), 0);
        for _ in 0..10 {
            buffers.give_back(Vec::with_capacity(100));
        }
        assert_eq!(buffers.0.len(), MOST);
    }
}
