//! Writing to a socket's descriptor without waiting.

/// Writes `parts` in one call; returns how many bytes the kernel took.
///
/// Whatever the reason, bytes that the kernel did not take are the caller's to pass to the
/// `net.Socket`: it waits for room, or meets the same error and reports it in Node's own way.
pub fn write_some(fd: i32, parts: &[&[u8]]) -> usize {
    use std::io::IoSlice;
    use std::os::fd::BorrowedFd;

    use rustix::io::Errno;
    use rustix::net::{SendAncillaryBuffer, SendFlags, send, sendmsg};

    // `borrow_raw` must not be given -1.
    if fd < 0 {
        return 0;
    }
    // SAFETY: the caller passes the descriptor of a net.Socket whose handle is open; it is closed
    // on this thread only, so it stays open for the time of this call.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    // A reset connection is an error to report, not a signal to die of.
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
    // Node ignores SIGPIPE.
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    let flags = SendFlags::DONTWAIT;
    loop {
        let result = if let [bytes] = parts {
            send(fd, bytes, flags)
        } else {
            let mut slices = [IoSlice::new(&[]); MAX_PARTS];
            for (slice, part) in slices.iter_mut().zip(parts) {
                *slice = IoSlice::new(part);
            }
            let count = parts.len().min(MAX_PARTS);
            sendmsg(
                fd,
                &slices[..count],
                &mut SendAncillaryBuffer::default(),
                flags,
            )
        };
        match result {
            Ok(written) => return written,
            Err(Errno::INTR) => {}
            Err(_) => return 0,
        }
    }
}

/// Joined frames, a header, a payload.
const MAX_PARTS: usize = 3;
