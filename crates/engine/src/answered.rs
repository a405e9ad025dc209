//! Which pings of a connection its I/O thread has answered already.

use std::collections::VecDeque;

/// What is known of that without asking the thread: of pings that were on their way when the connection left one.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "few connections have any")]
pub struct Answered(Option<Box<VecDeque<bool>>>);

impl Answered {
    /// The connection has left its thread; of each ping that nobody has decoded, whether that has answered it.
    pub fn leave(&mut self, left: VecDeque<bool>) {
        if !left.is_empty() {
            self.0.get_or_insert_default().extend(left);
        }
    }

    /// The connection comes to its next ping: whether that is answered. `ask` asks its thread, if it is on one.
    pub fn next_is_done(&mut self, ask: impl FnOnce() -> bool) -> bool {
        let Some(left) = &mut self.0 else {
            return ask();
        };
        let is_done = left.pop_front();
        if left.is_empty() {
            self.0 = None;
        }
        is_done.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_is_asked_about_pings_that_came_since_the_connection_is_on_it() {
        let mut answered = Answered::default();
        assert!(answered.next_is_done(|| true));
        assert!(!answered.next_is_done(|| false));
    }

    #[test]
    fn what_was_answered_before_the_thread_was_left_is_known_behind_it() {
        let mut answered = Answered::default();
        answered.leave(VecDeque::new());
        answered.leave(VecDeque::from([true, false]));
        answered.leave(VecDeque::from([true]));
        for was_answered in [true, false, true] {
            let ask = || panic!("it came before");
            assert_eq!(answered.next_is_done(ask), was_answered);
        }
        assert!(answered.next_is_done(|| true));
    }
}
