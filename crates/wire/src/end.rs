//! Whether the peer's end is known of already.

use std::os::fd::RawFd;

/// Whether the peer sends no more than what is there to read. It may be so unknown to us where the system has no
/// such question.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[must_use]
pub fn has_end_behind(fd: RawFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use crate::descriptor::borrow;

    if fd < 0 {
        return false;
    }
    let mut asked = [PollFd::from_borrowed_fd(borrow(fd), PollFlags::RDHUP)];
    let told = poll(&mut asked, Some(&Timespec::default()));
    told.is_ok() && asked[0].revents().contains(PollFlags::RDHUP)
}

/// As above: nobody asks.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[must_use]
pub const fn has_end_behind(_fd: RawFd) -> bool {
    false
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::io::Write;
    use std::net::Shutdown;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::has_end_behind;

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
}
