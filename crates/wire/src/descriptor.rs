//! The number of a socket that is Node's, for one call.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// The socket, to be read or written.
pub(crate) const fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: it is only given to recv(2), send(2) and their like, for the time of one call. Whoever
    // closes the handle is noticed before (lib/wire/taken-handle.js), on this thread, and then the
    // stream is gone. An I/O thread has a number of its own (threads/line/descriptor.rs), as Node closes
    // handles without a word when a worker is terminated. For a program that gets past that, the calls
    // fail or meet another file of the process, and no memory is touched but the slices given.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Another number for the same file.
///
/// # Errors
/// The process has no room for one more.
pub(crate) fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    borrow(fd).try_clone_to_owned()
}
