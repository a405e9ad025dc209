//! What the modules that loom tests are built on: its own parts there, those of std elsewhere.

#[cfg(all(loom, test))]
pub(super) use loom::sync::{Mutex, MutexGuard, atomic::AtomicU8};
#[cfg(not(all(loom, test)))]
pub(super) use std::sync::{Mutex, MutexGuard, atomic::AtomicU8};

/// A panic while somebody had it is seen to elsewhere: nothing is left half done under these locks.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What wakes a thread in the models, as an event loop or a selector is woken.
#[cfg(all(loom, test))]
#[derive(Debug)]
pub(super) struct Alarm(Mutex<bool>, loom::sync::Condvar);

#[cfg(all(loom, test))]
impl Alarm {
    pub(super) fn new() -> loom::sync::Arc<Self> {
        loom::sync::Arc::new(Self(Mutex::new(false), loom::sync::Condvar::new()))
    }

    pub(super) fn ring(&self) {
        *lock(&self.0) = true;
        self.1.notify_one();
    }

    /// Waits until it has rung. loom finds a deadlock if nobody is going to ring it.
    pub(super) fn wait(&self) {
        let mut rang = lock(&self.0);
        while !std::mem::take(&mut *rang) {
            rang = self.1.wait(rang).unwrap();
        }
    }
}
