//! How the bytes of one socket are moved.

use std::os::fd::{BorrowedFd, RawFd};

use crate::read::{Read, peek_some, read_some, waiting};
use crate::write::{Write, shut_down_writing, write_some};

/// A socket that bytes are read from and written to, without waiting.
#[derive(Debug)]
pub enum Stream {
    /// What is written goes to the descriptor as it is.
    Plain(RawFd),
}

impl Stream {
    /// The descriptor, to be watched.
    #[must_use]
    pub const fn descriptor(&self) -> RawFd {
        match self {
            Self::Plain(fd) => *fd,
        }
    }

    /// Reads once into `room`, which is not empty.
    pub fn read(&mut self, room: &mut [u8]) -> Read {
        read_some(borrow(self.descriptor()), room)
    }

    /// How many bytes have arrived and wait to be read.
    #[must_use]
    pub fn waiting(&self) -> usize {
        waiting(borrow(self.descriptor()))
    }

    /// Whether something has come, or the end, which nobody has read.
    #[must_use]
    pub fn has_news(&self) -> bool {
        peek_some(borrow(self.descriptor()), &mut [0]) != Read::Empty
    }

    /// Writes what is taken now of `slices`, in order.
    pub fn write(&mut self, slices: &[&[u8]]) -> Write {
        write_some(borrow(self.descriptor()), slices)
    }

    /// Says that nothing more will be written.
    pub fn shut_down(&mut self) {
        shut_down_writing(borrow(self.descriptor()));
    }
}

const fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: it is only given to recv(2), send(2) and their like, for the time of one call. Whoever
    // closes the handle is noticed before (lib/wire/taken-handle.js), on this thread, and then the
    // stream is gone; for a program that gets past that, the calls fail or meet another file of the
    // process, and no memory is touched but the slices given.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
