//! Whether the peer's end, or what it sends, is known of already.

use std::os::fd::RawFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::descriptor::borrow;

/// Whether there is something to read, or the end.
#[must_use]
pub fn is_readable(fd: RawFd) -> bool {
    fd >= 0 && is_told(fd, PollFlags::IN)
}

/// Whether the peer is known to send no more than what is there to read. Where the system has no such question nobody
/// knows.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[must_use]
pub fn has_end_behind(fd: RawFd) -> bool {
    fd >= 0 && is_told(fd, PollFlags::RDHUP)
}

/// As above: nobody asks.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[must_use]
pub const fn has_end_behind(_fd: RawFd) -> bool {
    false
}

/// What the kernel says of a descriptor that is open.
fn is_told(fd: RawFd, what: PollFlags) -> bool {
    let mut asked = [PollFd::from_borrowed_fd(borrow(fd), what)];
    let told = poll(&mut asked, Some(&Timespec::default()));
    told.is_ok() && asked[0].revents().contains(what)
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::io::Write;
    use std::net::Shutdown;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::{has_end_behind, is_readable};

    #[test]
    fn an_end_is_behind_what_nobody_has_read() {
        let (mut peer, own) = UnixStream::pair().expect("a pair of sockets");
        peer.write_all(b"a").expect("there is room for a byte");
        assert!(!has_end_behind(own.as_raw_fd()));
        peer.shutdown(Shutdown::Write).expect("it is open");
        assert!(has_end_behind(own.as_raw_fd()));
        assert!(!has_end_behind(peer.as_raw_fd()));
        assert!(!has_end_behind(-1));
    }

    #[test]
    fn what_has_come_is_readable_and_so_is_the_end() {
        let (mut peer, own) = UnixStream::pair().expect("a pair of sockets");
        assert!(!is_readable(own.as_raw_fd()));
        peer.write_all(b"a").expect("there is room for a byte");
        assert!(is_readable(own.as_raw_fd()));
        assert!(!is_readable(peer.as_raw_fd()));
        drop(own);
        assert!(is_readable(peer.as_raw_fd()));
        assert!(!is_readable(-1));
    }
}
