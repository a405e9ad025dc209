//! Sockets that have libuv handles of their own, as long as there are few.

use std::os::fd::RawFd;
use std::ptr::{self, NonNull};
use std::time::Instant;

use mio::Token;
use mio::unix::SourceFd;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::event::{PollFd, PollFlags, Timespec};

use super::{Handler, LISTENS, Reactor, interest};
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::descriptor::borrow;
use crate::news::Ready;
use crate::poll::{Poll, Seen, Told};

/// Up to so many sockets get handles of their own, which saves asking the selector for each message.
/// Of more, several are mostly ready at once, and asking costs less than not knowing it.
const FEW: usize = 4;
/// Beyond so many all are watched by the selector; more than `FEW`, so that one that comes and goes does not
/// move the others to and fro.
const MANY: usize = 2 * FEW;
/// As [`MANY`], while connections are opened of which both ends are here.
const MANY_PAIRS: usize = 8 * MANY;

impl<H: Handler> Reactor<H> {
    /// Closes the handle that a socket has of its own; returns whether there was one.
    pub(super) fn close_poll(&self, fd: RawFd) -> bool {
        let Some(poll) = self.poll_of(fd) else {
            return false;
        };
        self.few.borrow_mut().retain(|other| *other != poll);
        // SAFETY: what was in the list was not closed, and it is not in it any more.
        unsafe { Poll::close(poll) };
        true
    }

    /// Whether connections are opened of which both ends are here, which see who comes first: as long as that is so
    /// more of them get handles of their own.
    pub fn expect_pairs(&self, expects: bool) {
        self.expects_pairs.set(expects);
    }

    /// How many sockets may have handles of their own.
    const fn most(&self) -> usize {
        if self.expects_pairs.get() {
            MANY_PAIRS
        } else {
            MANY
        }
    }

    /// How many sockets have handles of their own.
    pub fn few(&self) -> usize {
        self.few.borrow().len()
    }

    /// The handle that a socket has of its own.
    pub(super) fn poll_of(&self, fd: RawFd) -> Option<NonNull<Poll>> {
        // SAFETY: what is in the list was not closed.
        let is_its = |poll: &&NonNull<Poll>| unsafe { poll.as_ref() }.descriptor() == fd;
        self.few.borrow().iter().find(is_its).copied()
    }

    /// The selector has told of these descriptors: if there are few, they get handles of their own.
    pub(super) fn watch_few(&self, told: impl Iterator<Item = usize>) {
        if self.watched.get() > FEW {
            return;
        }
        for index in told {
            if let Some(id) = self.id_of(index)
                && id != LISTENS
            {
                self.watch_by_itself(index as RawFd, id);
            }
        }
    }

    /// Watches one more socket, which is read whenever something comes: by itself, if that holds for all
    /// others. So libuv gives them their turns in the order in which the kernel tells of them, as it does with
    /// those of Node. `false`: the selector is to watch it, as those that come and go by the thousand, for which
    /// a handle costs more than it saves.
    pub(super) fn watch_one_more(&self, fd: RawFd, id: u64) -> bool {
        let Ok(index) = usize::try_from(fd) else {
            return false;
        };
        let count = self.watched.get();
        if count >= self.most()
            || self.few() != count
            || self.churn.note(Instant::now())
            || !self.open_poll(fd)
        {
            return false;
        }
        self.set_id(index, id);
        self.watched.set(count + 1);
        true
    }

    /// As [`register_reader`](Self::register_reader), for a socket that is watched already.
    pub fn watch_reader(&self, fd: RawFd) {
        let count = self.watched.get();
        if count <= self.most()
            && self.few() + 1 == count
            && self.poll_of(fd).is_none()
            && !self.churn.note(Instant::now())
        {
            self.take_from_selector(fd);
        }
    }

    /// Gives a socket that the selector watches a handle of its own.
    fn watch_by_itself(&self, fd: RawFd, id: u64) {
        if self.poll_of(fd).is_none() && !self.handler.is_told_once(id) {
            self.take_from_selector(fd);
        }
    }

    /// Opens a handle for a socket alone; `false`: there is no room for one more.
    fn open_poll(&self, fd: RawFd) -> bool {
        let told = (ptr::from_ref(self).cast(), on_one::<H> as Told);
        // SAFETY: the loop is that of `open`, and the handle is closed before that of the reactor.
        let poll = unsafe { Poll::open(self.uv, self.event_loop, fd, told) };
        poll.inspect(|poll| self.few.borrow_mut().push(*poll))
            .is_some()
    }

    fn take_from_selector(&self, fd: RawFd) {
        if self.open_poll(fd) {
            // What fails here is closed: there is nothing to be told of it.
            let _ = self
                .selector
                .borrow()
                .registry()
                .deregister(&mut SourceFd(&fd));
        }
    }

    /// One more socket is watched: if they are many, the selector watches all.
    pub(super) fn watch_many(&self) {
        if self.watched.get() > self.most() {
            let few = self.few.borrow().clone();
            for poll in few {
                self.watch_by_selector(poll);
            }
        }
    }

    /// Has the selector watch a socket that has a handle of its own. If it has no room, the handle stays.
    pub(super) fn watch_by_selector(&self, poll: NonNull<Poll>) {
        // SAFETY: it is in the list, so it was not closed.
        let (fd, writable) = unsafe { (poll.as_ref().descriptor(), poll.as_ref().is_writable()) };
        let registered = self.selector.borrow().registry().register(
            &mut SourceFd(&fd),
            Token(fd as usize),
            interest(writable),
        );
        if registered.is_ok() {
            self.close_poll(fd);
        }
    }

    /// A socket with a handle of its own.
    fn dispatch_one(&self, seen: Seen) {
        // None: JavaScript has found a way to run the loop from within a callback.
        let Some(events) = self.events.take() else {
            return;
        };
        let Seen {
            fd,
            readable,
            writable,
            ends,
        } = seen;
        let has_failed = !readable && !writable;
        if has_failed && let Some(poll) = self.poll_of(fd) {
            // libuv watches it no more. It is read now, as one of Node's would be.
            self.watch_by_selector(poll);
        }
        let hangs_up = (has_failed || ends) && !self.uv.meets_ends_apart && is_hung_up(fd);
        let is_over = has_failed || hangs_up;
        let ready = |id| Ready {
            id,
            readable: readable || has_failed,
            writable,
            until_empty: is_over,
            ends: ends && !is_over,
            hangs_up,
            is_told_again: true,
        };
        self.handler
            .on_ready(self.id_of(fd as usize).into_iter().map(ready));
        self.events.replace(Some(events));
    }
}

/// Whether this end sends no more, either: then libuv meets the end together with what is before it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_hung_up(fd: RawFd) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(borrow(fd), PollFlags::empty())];
    let told = rustix::event::poll(&mut asked, Some(&Timespec::default()));
    told.is_ok() && asked[0].revents().contains(PollFlags::HUP)
}

/// kqueue does not say so, so libuv knows of no difference.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const fn is_hung_up(_fd: RawFd) -> bool {
    false
}

unsafe fn on_one<H: Handler>(reactor: *const (), seen: Seen) {
    // SAFETY: it is that of `open_poll`, whose handles are closed before the reactor's own is;
    // behind that nothing is told.
    unsafe { &*reactor.cast::<Reactor<H>>() }.dispatch_one(seen);
}
