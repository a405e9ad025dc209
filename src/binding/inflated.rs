//! Which compressed messages of a connection an I/O thread has inflated already.

use std::collections::VecDeque;

/// Counts the compressed messages that a connection has decoded.
#[derive(Debug, Default)]
pub(crate) struct Inflated {
    came: u64,
    /// Those, by their numbers, of which it has read the bytes as it left its thread.
    #[expect(clippy::box_collection, reason = "few have any")]
    left: Option<Box<VecDeque<u64>>>,
    /// How many bytes more were put into the pipe than the peer has sent, of which it was not counted yet.
    growth: i64,
    /// A thread inflates messages of it.
    pub(crate) is_on_thread: bool,
}

impl Inflated {
    /// The connection has left its thread.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only threads use it"))]
    pub(crate) fn leave(&mut self, left: VecDeque<u64>) {
        if !left.is_empty() {
            self.left.get_or_insert_default().extend(left);
        }
        self.is_on_thread = false;
    }

    /// The connection comes to its next compressed message: whether that is inflated.
    /// `take` asks its thread for the message of a number.
    pub(crate) fn next_is_done(&mut self, take: impl FnOnce(u64) -> bool) -> bool {
        let number = self.came;
        self.came += 1;
        if let Some(left) = &mut self.left {
            let is_done = left.front() == Some(&number);
            if is_done {
                left.pop_front();
            }
            if left.is_empty() {
                self.left = None;
            }
            return is_done;
        }
        self.is_on_thread && take(number)
    }

    /// How many bytes of the peer's `len` bytes are that were read.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only threads use it"))]
    /// `growth` asks its thread how many bytes were added since.
    pub(crate) fn came_as(&mut self, len: usize, growth: impl FnOnce() -> i64) -> usize {
        if !self.is_on_thread {
            return len;
        }
        self.growth += growth();
        // Some of what has grown may be yet to be read, and who has read something was sent something.
        let growth = self.growth.min(len as i64 - 1);
        self.growth -= growth;
        (len as i64 - growth) as usize
    }
}
