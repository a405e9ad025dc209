//! Which compressed messages of a connection an I/O thread has inflated already.

use std::collections::VecDeque;

/// Counts the compressed messages that a connection has decoded. There is nothing of it until the first, or a
/// thread has to do with them.
#[derive(Debug, Default)]
pub struct Inflated(Option<Box<Count>>);

#[derive(Debug, Default)]
struct Count {
    came: u64,
    /// Those, by their numbers, of which it has read the bytes as it left its thread.
    left: VecDeque<u64>,
    /// How many bytes more were put into the pipe than the peer has sent, of which it was not counted yet.
    growth: i64,
    /// The same of bytes that were read and are yet to be decoded.
    undecoded: i64,
    /// A thread inflates messages of it.
    is_on_thread: bool,
}

impl Inflated {
    /// A thread inflates messages from now on.
    pub fn begin(&mut self) {
        self.0.get_or_insert_default().is_on_thread = true;
    }

    /// What a thread inflates is not asked for any more.
    pub fn stop(&mut self) {
        if let Some(count) = &mut self.0 {
            count.is_on_thread = false;
        }
    }

    /// Whether a thread inflates messages.
    #[must_use]
    pub fn is_on_thread(&self) -> bool {
        self.0.as_ref().is_some_and(|count| count.is_on_thread)
    }

    /// The connection has left its thread, which had inflated these of what nobody has decoded, by which
    /// `growth` bytes were added.
    pub fn leave(&mut self, left: VecDeque<u64>, growth: i64) {
        if !left.is_empty() || growth != 0 {
            let count = self.0.get_or_insert_default();
            count.left.extend(left);
            count.growth += growth;
        }
        self.stop();
    }

    /// The connection comes to its next compressed message: whether that is inflated. `take` asks its
    /// thread for the message of a number.
    pub fn next_is_done(&mut self, take: impl FnOnce(u64) -> bool) -> bool {
        let count = self.0.get_or_insert_default();
        let number = count.came;
        count.came += 1;
        if let Some(&first) = count.left.front() {
            let is_done = first == number;
            if is_done {
                count.left.pop_front();
            }
            if count.left.is_empty() {
                count.left = VecDeque::new();
            }
            return is_done;
        }
        count.is_on_thread && take(number)
    }

    /// How many bytes of the peer's `len` bytes are that were read. `growth` asks its thread how many
    /// bytes were added since.
    pub fn came_as(&mut self, len: usize, growth: impl FnOnce() -> i64) -> usize {
        let Some(count) = &mut self.0 else {
            return len;
        };
        if count.is_on_thread {
            count.growth += growth();
        }
        if count.growth == 0 {
            return len;
        }
        without(len, &mut count.growth)
    }

    /// As [`came_as`](Self::came_as), of bytes that [`decoded_as`](Self::decoded_as) is asked about later.
    pub fn came_undecoded_as(&mut self, len: usize, growth: impl FnOnce() -> i64) -> usize {
        let came = self.came_as(len, growth);
        if let Some(count) = &mut self.0 {
            count.undecoded += len as i64 - came as i64;
        }
        came
    }

    /// How many bytes of the peer's `len` bytes are that came before, and are decoded now.
    pub fn decoded_as(&mut self, len: usize) -> usize {
        match &mut self.0 {
            Some(count) if count.undecoded != 0 => without(len, &mut count.undecoded),
            _ => len,
        }
    }
}

/// `len` bytes without as much of what they have grown by as can be of them: some of it may be yet to be
/// read, and who has read something was sent something.
const fn without(len: usize, growth: &mut i64) -> usize {
    let most = len as i64 - 1;
    let taken = if *growth < most { *growth } else { most };
    *growth -= taken;
    (len as i64 - taken) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_asked_for_by_their_numbers() {
        let mut inflated = Inflated::default();
        assert!(!inflated.next_is_done(|_| true));
        inflated.begin();
        assert!(inflated.next_is_done(|number| number == 1));
        assert!(!inflated.next_is_done(|number| number == 1));
        inflated.stop();
        assert!(!inflated.next_is_done(|_| true));
    }

    #[test]
    fn what_was_inflated_before_the_thread_was_left_is_known_behind_it() {
        let mut inflated = Inflated::default();
        inflated.begin();
        inflated.leave(VecDeque::from([0, 2]), 0);
        let done: Vec<_> = (0..4).map(|_| inflated.next_is_done(|_| true)).collect();
        assert_eq!(done, [true, false, true, false]);
    }

    #[test]
    fn bytes_count_as_those_of_the_peer() {
        let mut inflated = Inflated::default();
        assert_eq!(inflated.came_as(10, || 5), 10);
        inflated.begin();
        assert_eq!(inflated.came_as(10, || 5), 5);
        // More was added than was read of it: the rest counts later, and nothing as less than a byte.
        assert_eq!(inflated.came_as(10, || 15), 1);
        assert_eq!(inflated.came_as(10, || 0), 4);
        // Some messages become longer by being compressed.
        assert_eq!(inflated.came_as(10, || -3), 13);
        // What was read ahead counts so, too.
        inflated.leave(VecDeque::new(), 4);
        assert_eq!(inflated.came_as(10, || 5), 6);
        assert_eq!(inflated.came_as(10, || 5), 10);
    }

    #[test]
    fn bytes_that_are_decoded_later_count_as_those_of_the_peer_then_too() {
        let mut inflated = Inflated::default();
        assert_eq!(inflated.decoded_as(0), 0);
        inflated.begin();
        assert_eq!(inflated.came_undecoded_as(10, || 12), 1);
        assert_eq!(inflated.came_undecoded_as(10, || 0), 7);
        // They may be cut otherwise.
        assert_eq!(inflated.decoded_as(5), 1);
        assert_eq!(inflated.decoded_as(15), 7);
        assert_eq!(inflated.decoded_as(10), 10);
        assert_eq!(inflated.came_undecoded_as(10, || -3), 13);
        assert_eq!(inflated.decoded_as(10), 13);
    }
}
