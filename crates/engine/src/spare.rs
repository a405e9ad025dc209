//! Memory for output that goes round among connections.

/// How many buffers are kept for the next connections that send, ...
const MOST: usize = 64;
/// ... and how large each may be, in bytes.
const MAX_CAPACITY: usize = 64 * 1024;

/// Empty buffers that were used before.
#[derive(Debug, Default)]
pub struct Spares(Vec<Vec<u8>>);

impl Spares {
    /// An empty buffer, used before if there is one.
    pub fn take(&mut self) -> Vec<u8> {
        self.0.pop().unwrap_or_default()
    }

    /// Takes a buffer back, unless there are enough or it is too large.
    pub fn give(&mut self, mut buffer: Vec<u8>) {
        if self.0.len() < MOST && buffer.capacity() <= MAX_CAPACITY {
            buffer.clear();
            self.0.push(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty() {
        let mut spares = Spares::default();
        spares.give(vec![1, 2, 3]);
        let buffer = spares.take();
        assert!(buffer.is_empty());
        assert!(buffer.capacity() >= 3);
        assert_eq!(spares.take().capacity(), 0);
    }

    #[test]
    fn no_more_than_64_are_kept_and_none_of_more_than_64_kib() {
        let mut spares = Spares::default();
        spares.give(Vec::with_capacity(64 * 1024 + 1));
        assert_eq!(spares.take().capacity(), 0);
        for _ in 0..65 {
            spares.give(Vec::with_capacity(64 * 1024));
        }
        let kept =
            std::iter::from_fn(|| Some(spares.take()).filter(|buffer| buffer.capacity() > 0));
        assert_eq!(kept.count(), 64);
    }
}
