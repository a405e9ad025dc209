//! How the bytes of one socket are moved.

use std::os::fd::RawFd;

use crate::descriptor::borrow;
use crate::read::{Read, peek_some, read_some, waiting};
use crate::threads::{Left, Threaded};
use crate::tls::Tls;
use crate::write::{Write, shut_down_writing, write_some};

/// A socket that bytes are read from and written to, without waiting.
#[derive(Debug)]
pub enum Stream {
    /// What is written goes to the descriptor as it is.
    Plain(RawFd),
    /// An I/O thread reads and writes it.
    Threaded(Threaded),
    /// It gets there encrypted.
    Tls(Box<Tls>),
}

impl Stream {
    /// The descriptor, to be watched.
    #[must_use]
    pub const fn descriptor(&self) -> RawFd {
        match self {
            Self::Plain(fd) => *fd,
            Self::Threaded(socket) => socket.descriptor(),
            Self::Tls(tls) => tls.descriptor(),
        }
    }

    /// The TLS that it speaks, if it does.
    pub const fn tls(&mut self) -> Option<&mut Tls> {
        match self {
            Self::Tls(tls) => Some(tls),
            _ => None,
        }
    }

    /// Reads once into `room`, which is not empty.
    pub fn read(&mut self, room: &mut [u8]) -> Read {
        match self {
            Self::Plain(fd) => read_some(borrow(*fd), room),
            Self::Threaded(socket) => socket.read(room),
            Self::Tls(tls) => tls.read(room),
        }
    }

    /// How many bytes have arrived and wait to be read, at most.
    #[must_use]
    pub fn waiting(&self) -> usize {
        match self {
            Self::Plain(fd) => waiting(borrow(*fd)),
            Self::Threaded(socket) => socket.waiting(),
            Self::Tls(tls) => tls.waiting(),
        }
    }

    /// Whether something is to be read, or the end, of which the kernel knows nothing and so never
    /// tells.
    #[must_use]
    pub fn has_more(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.has_more(),
            _ => false,
        }
    }

    /// Whether there may be something to read of which nobody was told, or will be.
    #[must_use]
    pub fn may_have_more(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.may_have_more(),
            _ => true,
        }
    }

    /// There is word of something to read, which nobody reads now.
    pub const fn leave_unread(&mut self) {
        if let Self::Tls(tls) = self {
            tls.leave_unread();
        }
    }

    /// There is an end behind what is to be read, so that a short read is not the last. Records of which
    /// nothing can be given out yet are read without the caller, who sees to all else.
    pub const fn read_until_empty(&mut self) {
        if let Self::Tls(tls) = self {
            tls.read_until_empty();
        }
    }

    /// Whether something has come, or the end, which nobody has read.
    #[must_use]
    pub fn has_news(&self) -> bool {
        match self {
            Self::Plain(fd) => peek_some(borrow(*fd), &mut [0]) != Read::Empty,
            Self::Threaded(socket) => socket.has_news(),
            Self::Tls(tls) => {
                tls.has_more() || peek_some(borrow(tls.descriptor()), &mut [0]) != Read::Empty
            }
        }
    }

    /// Writes what is taken now of `slices`, in order.
    pub fn write(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Plain(fd) => write_some(borrow(*fd), slices),
            Self::Threaded(socket) => socket.write(slices),
            Self::Tls(tls) => tls.write(slices),
        }
    }

    /// As [`write`](Self::write), and at once, unless a thread has something to write before that.
    pub fn write_at_once(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Plain(fd) => write_some(borrow(*fd), slices),
            Self::Threaded(socket) => socket.write_at_once(slices),
            Self::Tls(tls) => tls.write(slices),
        }
    }

    /// Whether records wait to be written that nobody has to give again.
    #[must_use]
    pub fn has_backlog(&self) -> bool {
        match self {
            Self::Tls(tls) => tls.has_backlog(),
            _ => false,
        }
    }

    /// Has those written that the kernel takes; `Bytes` if those were all.
    pub fn flush(&mut self) -> Write {
        match self {
            Self::Tls(tls) => tls.flush(),
            _ => Write::Bytes(0),
        }
    }

    /// How many bytes were encrypted that `write` has not reported yet. They count as reported.
    pub const fn take_committed(&mut self) -> usize {
        match self {
            Self::Tls(tls) => tls.take_committed(),
            _ => 0,
        }
    }

    /// What an I/O thread has of it, if one has.
    #[must_use]
    pub const fn threaded(&self) -> Option<&Threaded> {
        match self {
            Self::Threaded(socket) => Some(socket),
            _ => None,
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
        match self {
            Self::Tls(tls) => tls.shut_down(),
            _ => shut_down_writing(borrow(self.descriptor())),
        }
    }
}
