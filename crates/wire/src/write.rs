//! Writing to a descriptor without waiting.

use std::io::IoSlice;
use std::os::fd::{BorrowedFd, RawFd};

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, Shutdown, send, sendmsg, shutdown};

use crate::descriptor::borrow;

/// What a write came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The kernel took so many bytes.
    Bytes(usize),
    /// An I/O thread took so many, and the kernel none yet.
    Handed(usize),
    /// It takes none for now.
    Full,
    /// A system error number.
    Failed(i32),
}

/// The most slices for one call; more are left for the next.
const MAX_SLICES: usize = 16;

/// Writes `slices` in one call.
pub(crate) fn write_some(fd: BorrowedFd<'_>, slices: &[&[u8]]) -> Write {
    // A reset connection is an error to report, not a signal to die of.
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    // Node ignores SIGPIPE.
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    let flags = SendFlags::DONTWAIT;
    loop {
        let result = if let [bytes] = slices {
            send(fd, bytes, flags)
        } else {
            let mut vectors = [IoSlice::new(&[]); MAX_SLICES];
            for (vector, slice) in vectors.iter_mut().zip(slices) {
                *vector = IoSlice::new(slice);
            }
            let count = slices.len().min(MAX_SLICES);
            let mut ancillary = SendAncillaryBuffer::default();
            sendmsg(fd, &vectors[..count], &mut ancillary, flags)
        };
        match result {
            Ok(written) => return Write::Bytes(written),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN | Errno::NOBUFS) => return Write::Full,
            Err(error) => return Write::Failed(error.raw_os_error()),
        }
    }
}

/// Says that nothing more will be written to a socket of Node's, for which Node asks nobody.
pub fn end_writing(fd: RawFd) {
    shut_down_writing(borrow(fd));
}

/// Says that nothing more will be written. Of a connection that is broken already, reading tells.
pub(crate) fn shut_down_writing(fd: BorrowedFd<'_>) {
    let _ = shutdown(fd, Shutdown::Write);
}

/// As [`shut_down_writing`], and nothing more is read either.
pub(crate) fn shut_down(fd: BorrowedFd<'_>) {
    let _ = shutdown(fd, Shutdown::Both);
}
