//! What one thread has for another, and who has to be woken.

use super::sync::{Mutex, lock};

/// A list that any thread adds to and one empties. Who adds is told whether that one sleeps, and is
/// then to wake it: once, however many add.
#[derive(Debug)]
pub(super) struct Mailbox<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    items: Vec<T>,
    /// The reader looks at it again only if it is woken.
    sleeps: bool,
}

impl<T> Mailbox<T> {
    /// One whose reader sleeps.
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            items: Vec::new(),
            sleeps: true,
        }))
    }

    /// Adds an item; returns whether the reader is to be woken.
    #[must_use]
    pub(super) fn post(&self, item: T) -> bool {
        let mut state = lock(&self.0);
        state.items.push(item);
        std::mem::replace(&mut state.sleeps, false)
    }

    /// Adds an item that can wait until there is another reason to wake the reader.
    pub(super) fn leave(&self, item: T) {
        lock(&self.0).items.push(item);
    }

    /// Moves all there is to `items`, for the reader.
    pub(super) fn take(&self, items: &mut Vec<T>) {
        let mut state = lock(&self.0);
        if items.is_empty() {
            std::mem::swap(&mut state.items, items);
        } else {
            items.append(&mut state.items);
        }
    }

    /// As [`take`](Self::take) and [`sleep`](Self::sleep) at once: whatever comes then wakes the reader.
    pub(super) fn take_and_sleep(&self, items: &mut Vec<T>) {
        let mut state = lock(&self.0);
        items.append(&mut state.items);
        state.sleeps = true;
    }

    /// The reader is going to sleep; `false` if it is not to, as there is something.
    #[must_use]
    pub(super) fn sleep(&self) -> bool {
        let mut state = lock(&self.0);
        state.sleeps = state.items.is_empty();
        state.sleeps
    }

    /// The reader has woken up, be it by itself.
    pub(super) fn wake_up(&self) {
        lock(&self.0).sleeps = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Mailbox;

    fn all(mailbox: &Mailbox<u8>) -> Vec<u8> {
        let mut items = Vec::new();
        mailbox.take(&mut items);
        items
    }

    #[test]
    fn only_who_finds_the_reader_asleep_wakes_it() {
        let mailbox = Mailbox::new();
        assert!(mailbox.post(1));
        assert!(!mailbox.post(2));
        assert_eq!(all(&mailbox), [1, 2]);
        assert!(!mailbox.post(3));
        assert!(!mailbox.sleep());
        assert_eq!(all(&mailbox), [3]);
        assert!(mailbox.sleep());
        assert!(mailbox.post(4));
    }

    #[test]
    fn what_can_wait_wakes_nobody_and_keeps_the_reader_awake() {
        let mailbox = Mailbox::new();
        mailbox.leave(1);
        assert!(!mailbox.sleep());
        assert!(!mailbox.post(2));
        assert_eq!(all(&mailbox), [1, 2]);
        assert!(mailbox.sleep());
        mailbox.wake_up();
        assert!(!mailbox.post(3));
    }
}
