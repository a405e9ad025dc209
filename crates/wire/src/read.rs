//! Reading from a descriptor without waiting.

use std::os::fd::BorrowedFd;

use rustix::io::{Errno, ioctl_fionread};
use rustix::net::{RecvFlags, recv};

/// What a read came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// So many bytes; fewer than there was room for mean that there are no more for now, unless
    /// urgent data or, on Unix sockets, descriptors lie between.
    Bytes(usize),
    /// Nothing for now.
    Empty,
    /// The peer sends no more.
    End,
    /// A system error number.
    Failed(i32),
    /// Whoever reads it has panicked.
    Broken,
    /// An I/O thread has found that the peer does not live, and has ended it.
    Dead,
}

impl Read {
    /// What libuv says of it right behind bytes that it takes for the last ones, if `is_behind_last`: a reset is
    /// an end there.
    #[must_use]
    pub(crate) const fn as_end(self, is_behind_last: bool) -> Self {
        match self {
            Self::Failed(RESET) if is_behind_last => Self::End,
            read => read,
        }
    }
}

/// The system error number of a connection that the peer has reset.
pub(crate) const RESET: i32 = Errno::CONNRESET.raw_os_error();

/// Reads once into `room`, which is not empty.
pub fn read_some(fd: BorrowedFd<'_>, room: &mut [u8]) -> Read {
    receive(fd, room, RecvFlags::DONTWAIT)
}

/// Reads once into `room`, which is not empty, and leaves with the kernel what was read.
pub fn peek_some(fd: BorrowedFd<'_>, room: &mut [u8]) -> Read {
    receive(fd, room, RecvFlags::DONTWAIT | RecvFlags::PEEK)
}

fn receive(fd: BorrowedFd<'_>, room: &mut [u8], flags: RecvFlags) -> Read {
    loop {
        match recv(fd, &mut *room, flags) {
            Ok((0, _)) => return Read::End,
            Ok((len, _)) => return Read::Bytes(len),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Read::Empty,
            Err(error) => return Read::Failed(error.raw_os_error()),
        }
    }
}

/// How many bytes have arrived and wait to be read.
pub(crate) fn waiting(fd: BorrowedFd<'_>) -> usize {
    ioctl_fionread(fd).map_or(0, |len| usize::try_from(len).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_behind_the_last_bytes_is_an_end_and_other_errors_are_none() {
        assert_eq!(Read::Failed(RESET).as_end(true), Read::End);
        assert_eq!(Read::Failed(RESET).as_end(false), Read::Failed(RESET));
        let timed_out = Read::Failed(Errno::TIMEDOUT.raw_os_error());
        assert_eq!(timed_out.as_end(true), timed_out);
        assert_eq!(Read::Bytes(1).as_end(true), Read::Bytes(1));
    }
}
