//! The number of a socket that is Node's, for one call.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// The socket, to be given to one of this crate's functions. Of what is no descriptor all fail.
///
/// Whoever closes a handle is noticed before (lib/wire/taken-handle.js), and an I/O thread has a number of its own
/// (threads/line/descriptor.rs), as Node closes handles without a word when a worker is terminated.
#[must_use]
pub const fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    let fd = if fd < 0 { RawFd::MIN } else { fd };
    // SAFETY: it is not -1. It is only given to system calls, and to those that touch no memory but their arguments:
    // if a program has closed it nevertheless, they fail or meet another file of the process, as its own calls would.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Another number for the same file.
///
/// # Errors
/// The process has no room for one more.
pub(crate) fn duplicate(fd: RawFd) -> io::Result<OwnedFd> {
    borrow(fd).try_clone_to_owned()
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::duplicate;

    #[test]
    fn nothing_comes_of_what_is_no_descriptor() {
        for number in [-1, -2, -100, i32::MIN, i32::MAX] {
            let error = duplicate(number).expect_err("it is none");
            assert_eq!(error.raw_os_error(), Some(Errno::BADF.raw_os_error()));
        }
    }
}
