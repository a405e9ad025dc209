//! How the bytes of one socket are moved.

use std::os::fd::RawFd;

use crate::read::Read;
use crate::socket::Socket;
use crate::threads::{Left, Threaded};
use crate::tls::Tls;
use crate::write::Write;

/// A socket that bytes are read from and written to, without waiting.
#[derive(Debug)]
pub enum Stream {
    /// This thread reads and writes it.
    Own(Socket),
    /// An I/O thread does.
    Threaded(Box<Threaded>),
}

impl Stream {
    /// The descriptor, to be watched.
    #[must_use]
    pub const fn descriptor(&self) -> RawFd {
        match self {
            Self::Own(socket) => socket.descriptor(),
            Self::Threaded(socket) => socket.descriptor(),
        }
    }

    /// The TLS that it speaks, if it does, on this thread.
    pub const fn tls(&mut self) -> Option<&mut Tls> {
        match self {
            Self::Own(Socket::Tls(tls)) => Some(tls),
            _ => None,
        }
    }

    /// Whether it speaks TLS, on whatever thread.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        match self {
            Self::Own(socket) => socket.is_tls(),
            Self::Threaded(socket) => socket.is_tls(),
        }
    }

    /// Calls `body` with the TLS that it speaks, if it does: an I/O thread waits meanwhile.
    pub fn with_tls<T>(&mut self, body: impl FnOnce(&mut Tls) -> T) -> Option<T> {
        match self {
            Self::Own(Socket::Plain(_)) => None,
            Self::Own(Socket::Tls(tls)) => Some(body(tls)),
            Self::Threaded(socket) => socket.with_tls(body),
        }
    }

    /// Reads once into `room`, which is not empty.
    pub fn read(&mut self, room: &mut [u8]) -> Read {
        match self {
            Self::Own(socket) => socket.read(room),
            Self::Threaded(socket) => socket.read(room),
        }
    }

    /// As [`read`](Self::read), but over TLS on this thread no more than a record, as Node gives it to streams.
    pub fn read_record(&mut self, room: &mut [u8]) -> Read {
        match self {
            Self::Own(socket) => socket.read_record(room),
            Self::Threaded(socket) => socket.read(room),
        }
    }

    /// Whether another record is there, of which the kernel knows nothing.
    #[must_use]
    pub fn has_record(&self) -> bool {
        match self {
            Self::Own(socket) => socket.has_record(),
            Self::Threaded(_) => false,
        }
    }

    /// How many bytes have arrived and wait to be read, at most.
    #[must_use]
    pub fn waiting(&self) -> usize {
        match self {
            Self::Own(socket) => socket.waiting(),
            Self::Threaded(socket) => socket.waiting(),
        }
    }

    /// How many bytes wait to be read that can be had now: over TLS those of the record that was last read.
    #[must_use]
    pub fn behind(&self) -> usize {
        match self {
            Self::Own(socket) => socket.behind(),
            Self::Threaded(socket) => socket.waiting(),
        }
    }

    /// Whether something is to be read, or the end, of which the kernel knows nothing and so never
    /// tells.
    #[must_use]
    pub fn has_more(&self) -> bool {
        match self {
            Self::Own(socket) => socket.has_more(),
            Self::Threaded(_) => false,
        }
    }

    /// Whether there may be something to read of which nobody was told, or will be.
    #[must_use]
    pub const fn may_have_more(&self) -> bool {
        match self {
            Self::Own(socket) => socket.may_have_more(),
            Self::Threaded(_) => true,
        }
    }

    /// There is word of something to read, which nobody reads now.
    pub const fn leave_unread(&mut self) {
        if let Self::Own(socket) = self {
            socket.leave_unread();
        }
    }

    /// There is an end behind what is to be read, so that a short read is not the last. Records of which nothing can be
    /// given out yet are then read at once; all else is up to the caller.
    pub const fn read_until_empty(&mut self) {
        if let Self::Own(socket) = self {
            socket.read_until_empty();
        }
    }

    /// What libuv would make of a read: right behind bytes that it takes for the last ones (`is_behind_last`) a reset
    /// is an end. If this end sends no more, either (`hangs_up`), the part of a record, of which nothing can be given
    /// out, counts as such bytes.
    #[must_use]
    pub const fn as_end(&self, read: Read, is_behind_last: bool, hangs_up: bool) -> Read {
        read.as_end(is_behind_last || (hangs_up && self.is_behind_part()))
    }

    const fn is_behind_part(&self) -> bool {
        match self {
            Self::Own(Socket::Tls(tls)) => tls.is_behind_part(),
            _ => false,
        }
    }

    /// Whether something has come that nobody has read, or the end.
    #[must_use]
    pub fn has_news(&self) -> bool {
        match self {
            Self::Own(socket) => socket.has_news(),
            Self::Threaded(socket) => socket.has_news(),
        }
    }

    /// Writes what is taken now of `slices`, in order.
    pub fn write(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Own(socket) => socket.write(slices),
            Self::Threaded(socket) => socket.write(slices),
        }
    }

    /// As [`write`](Self::write), and at once, unless a thread has something to write before that.
    pub fn write_at_once(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Own(socket) => socket.write(slices),
            Self::Threaded(socket) => socket.write_at_once(slices),
        }
    }

    /// Whether records wait to be written that nobody has to give again, and this thread is to write.
    #[must_use]
    pub fn has_backlog(&self) -> bool {
        match self {
            Self::Own(socket) => socket.has_backlog(),
            Self::Threaded(_) => false,
        }
    }

    /// Whether records wait to be written, whoever is to do it.
    #[must_use]
    pub fn has_records(&self) -> bool {
        match self {
            Self::Own(socket) => socket.has_backlog(),
            Self::Threaded(socket) => socket.has_backlog(),
        }
    }

    /// Has those written that the kernel takes; `Bytes` if those were all.
    pub fn flush(&mut self) -> Write {
        match self {
            Self::Own(socket) => socket.flush(),
            Self::Threaded(_) => Write::Bytes(0),
        }
    }

    /// How many bytes were encrypted that `write` has not reported yet.
    #[must_use]
    pub fn committed(&self) -> usize {
        match self {
            Self::Own(socket) => socket.committed(),
            Self::Threaded(socket) => socket.committed(),
        }
    }

    /// How many bytes were encrypted that `write` has not reported yet. They count as reported.
    pub fn take_committed(&mut self) -> usize {
        match self {
            Self::Own(socket) => socket.take_committed(),
            Self::Threaded(socket) => socket.take_committed(),
        }
    }

    /// Writes all bytes of a stream over TLS, behind what was written before; `false`: some of their records
    /// wait for the kernel.
    ///
    /// # Errors
    /// A system error number.
    pub fn write_tls(&mut self, bytes: &[u8]) -> Result<bool, i32> {
        match self {
            Self::Own(Socket::Plain(_)) => Ok(true),
            Self::Own(Socket::Tls(tls)) => tls.write_all(bytes),
            Self::Threaded(socket) => socket.write_tls(bytes),
        }
    }

    /// What an I/O thread has of it, if one has.
    #[must_use]
    pub const fn threaded(&self) -> Option<&Threaded> {
        match self {
            Self::Own(_) => None,
            Self::Threaded(socket) => Some(socket),
        }
    }

    /// Gives it to an I/O thread by `give`, which gives it back if there is none; returns whether one has it.
    pub fn move_to_thread(
        &mut self,
        give: impl FnOnce(Socket) -> Result<Threaded, Socket>,
    ) -> bool {
        // Should `give` panic, this is a descriptor of nothing.
        let socket = match std::mem::replace(self, Self::Own(Socket::Plain(-1))) {
            Self::Own(socket) => socket,
            threaded @ Self::Threaded(_) => {
                *self = threaded;
                return true;
            }
        };
        *self = match give(socket) {
            Ok(threaded) => Self::Threaded(Box::new(threaded)),
            Err(socket) => Self::Own(socket),
        };
        matches!(self, Self::Threaded(_))
    }

    /// Takes it from its I/O thread, if one has it. What is left is for the caller to write and, unless it
    /// is read over TLS, to read.
    pub fn leave_thread(&mut self) -> Option<Left> {
        let Self::Threaded(socket) = self else {
            return None;
        };
        let mut left = socket.leave();
        // It is there, as nobody else takes it.
        *self = Self::Own(left.socket.take()?);
        Some(left)
    }

    /// Says that nothing more will be written. What a thread has is written before, as far as the kernel takes it now.
    pub fn shut_down(&mut self) {
        match self {
            Self::Own(socket) => socket.shut_down(),
            Self::Threaded(socket) => socket.shut_down(),
        }
    }
}
