//! How the bytes of one socket are moved.

use std::os::fd::RawFd;

use crate::descriptor::borrow;
use crate::read::{Read, peek_some, read_some, waiting};
use crate::threads::{Left, Threaded};
use crate::write::{Write, shut_down_writing, write_some};

/// A socket that bytes are read from and written to, without waiting.
#[derive(Debug)]
pub enum Stream {
    /// What is written goes to the descriptor as it is.
    Plain(RawFd),
    /// An I/O thread reads and writes it.
    Threaded(Threaded),
}

impl Stream {
    /// The descriptor, to be watched.
    #[must_use]
    pub const fn descriptor(&self) -> RawFd {
        match self {
            Self::Plain(fd) => *fd,
            Self::Threaded(socket) => socket.descriptor(),
        }
    }

    /// Reads once into `room`, which is not empty.
    pub fn read(&mut self, room: &mut [u8]) -> Read {
        match self {
            Self::Plain(fd) => read_some(borrow(*fd), room),
            Self::Threaded(socket) => socket.read(room),
        }
    }

    /// How many bytes have arrived and wait to be read.
    #[must_use]
    pub fn waiting(&self) -> usize {
        match self {
            Self::Plain(fd) => waiting(borrow(*fd)),
            Self::Threaded(socket) => socket.waiting(),
        }
    }

    /// Whether something has come, or the end, which nobody has read.
    #[must_use]
    pub fn has_news(&self) -> bool {
        match self {
            Self::Plain(fd) => peek_some(borrow(*fd), &mut [0]) != Read::Empty,
            Self::Threaded(socket) => socket.has_news(),
        }
    }

    /// Writes what is taken now of `slices`, in order.
    pub fn write(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Plain(fd) => write_some(borrow(*fd), slices),
            Self::Threaded(socket) => socket.write(slices),
        }
    }

    /// As [`write`](Self::write), and at once, unless a thread has something to write before that.
    pub fn write_at_once(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Plain(fd) => write_some(borrow(*fd), slices),
            Self::Threaded(socket) => socket.write_at_once(slices),
        }
    }

    /// What an I/O thread has of it, if one has.
    #[must_use]
    pub const fn threaded(&self) -> Option<&Threaded> {
        match self {
            Self::Plain(_) => None,
            Self::Threaded(socket) => Some(socket),
        }
    }

    /// Takes it from its I/O thread, if one has it; what is left is for the caller to write and read.
    pub fn leave_thread(&mut self) -> Option<Left> {
        let Self::Threaded(socket) = self else {
            return None;
        };
        let left = socket.leave();
        *self = Self::Plain(self.descriptor());
        Some(left)
    }

    /// Says that nothing more will be written. What a thread has is not waited for.
    pub fn shut_down(&mut self) {
        shut_down_writing(borrow(self.descriptor()));
    }
}
