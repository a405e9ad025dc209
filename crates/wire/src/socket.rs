//! A socket that the event loop or an I/O thread reads and writes, and what its bytes look like on the way.

use std::os::fd::RawFd;

use crate::descriptor::borrow;
use crate::read::{Read, peek_some, read_some, waiting};
use crate::tls::Tls;
use crate::write::{Write, shut_down_writing, write_some};

/// A descriptor and, if there is one, the TLS session on it. No other part of the process reads or writes
/// the descriptor meanwhile.
#[derive(Debug)]
pub enum Socket {
    /// What is written goes to the descriptor as it is.
    Plain(RawFd),
    /// It gets there encrypted.
    Tls(Box<Tls>),
}

impl Socket {
    pub(crate) const fn descriptor(&self) -> RawFd {
        match self {
            Self::Plain(fd) => *fd,
            Self::Tls(tls) => tls.descriptor(),
        }
    }

    /// The same socket has another number from now on.
    pub(crate) const fn set_descriptor(&mut self, number: RawFd) {
        match self {
            Self::Plain(fd) => *fd = number,
            Self::Tls(tls) => tls.set_descriptor(number),
        }
    }

    pub(crate) const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    pub(crate) fn read(&mut self, room: &mut [u8]) -> Read {
        match self {
            Self::Plain(fd) => read_some(borrow(*fd), room),
            Self::Tls(tls) => tls.read(room),
        }
    }

    /// As [`read`](Self::read), but over TLS no more than a record.
    pub(crate) fn read_record(&mut self, room: &mut [u8]) -> Read {
        match self {
            Self::Plain(fd) => read_some(borrow(*fd), room),
            Self::Tls(tls) => tls.read_record(room),
        }
    }

    pub(crate) fn has_record(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.has_record(),
        }
    }

    /// Whether the kernel is known to have no more behind the `len` bytes that were read, where `asked` had
    /// room. Of a plain socket that is not so if it is known to have an end, or if anything lies between
    /// its bytes.
    pub(crate) fn is_drained(&self, len: usize, asked: usize) -> bool {
        match self {
            Self::Plain(_) => len < asked,
            Self::Tls(tls) => !tls.has_more() && !tls.may_have_more(),
        }
    }

    pub(crate) fn waiting(&self) -> usize {
        match self {
            Self::Plain(fd) => waiting(borrow(*fd)),
            Self::Tls(tls) => tls.waiting(),
        }
    }

    pub(crate) fn behind(&self) -> usize {
        match self {
            Self::Plain(fd) => waiting(borrow(*fd)),
            Self::Tls(tls) => tls.behind(),
        }
    }

    pub(crate) fn has_more(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.has_more(),
        }
    }

    pub(crate) const fn may_have_more(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(tls) => tls.may_have_more(),
        }
    }

    pub(crate) const fn leave_unread(&mut self) {
        if let Self::Tls(tls) = self {
            tls.leave_unread();
        }
    }

    pub(crate) const fn read_until_empty(&mut self) {
        if let Self::Tls(tls) = self {
            tls.read_until_empty();
        }
    }

    pub(crate) fn has_news(&self) -> bool {
        self.has_more() || peek_some(borrow(self.descriptor()), &mut [0]) != Read::Empty
    }

    pub(crate) fn write(&mut self, slices: &[&[u8]]) -> Write {
        match self {
            Self::Plain(fd) => write_some(borrow(*fd), slices),
            Self::Tls(tls) => tls.write(slices),
        }
    }

    /// As [`write`](Self::write), but `Full` is the kernel's own answer, so that there will be word of room. There need
    /// not be if the kernel has taken a part and was not asked again.
    pub(crate) fn write_on(&mut self, slices: &[&[u8]]) -> Write {
        loop {
            match self.write(slices) {
                Write::Full if self.has_backlog() && self.flush() != Write::Full => {}
                other => return other,
            }
        }
    }

    pub(crate) fn has_backlog(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.has_backlog(),
        }
    }

    /// How many bytes of records wait to be written.
    pub(crate) fn backlog_len(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.backlog_len(),
        }
    }

    pub(crate) fn flush(&mut self) -> Write {
        match self {
            Self::Plain(_) => Write::Bytes(0),
            Self::Tls(tls) => tls.flush(),
        }
    }

    /// Whether the writer may send something of its own between two frames. Not while bytes are in records that were
    /// not reported: they may be the first half of a frame.
    pub(crate) const fn takes_answers(&self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Tls(tls) => tls.takes_answers(),
        }
    }

    /// How many bytes were encrypted that `write` has not reported yet.
    pub(crate) const fn committed(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.committed(),
        }
    }

    pub(crate) const fn take_committed(&mut self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.take_committed(),
        }
    }

    pub(crate) fn shut_down(&mut self) {
        match self {
            Self::Plain(fd) => shut_down_writing(borrow(*fd)),
            Self::Tls(tls) => tls.shut_down(),
        }
    }
}
