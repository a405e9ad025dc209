//! Taking connections from a listening socket, past Node's handle for it.

use std::os::fd::{OwnedFd, RawFd};

/// Takes one of the connections that wait on a listening socket. `None`: none waits, or the system has no room for one,
/// which is left for libuv to meet, as it watches the socket as well.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn accept(listening: RawFd) -> Option<OwnedFd> {
    use rustix::io::Errno;
    use rustix::net::{SocketFlags, accept_with};

    use crate::descriptor::borrow;

    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    loop {
        match accept_with(borrow(listening), flags) {
            Ok(socket) => return Some(socket),
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(_) => return None,
        }
    }
}

/// Elsewhere that takes more than one system call, and a child process that is made between them inherits the
/// descriptor.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn accept(_listening: RawFd) -> Option<OwnedFd> {
    None
}

/// Connections that are taken before sockets have their turns again.
pub const MAX_TAKEN: u32 = 32;

/// Whether [`accept`] gives any.
pub const CAN_ACCEPT: bool = cfg!(any(target_os = "linux", target_os = "android"));

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use std::io::{ErrorKind, Read as _, Write};
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::{AsFd, AsRawFd};

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::accept;
    use crate::read::{Read, read_some};

    fn listening() -> TcpListener {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        listener
    }

    #[test]
    fn takes_one_connection_after_the_other_and_then_none() {
        let listener = listening();
        let address = listener.local_addr().unwrap();
        assert!(accept(listener.as_raw_fd()).is_none());
        let mut clients = [1, 2].map(|_| TcpStream::connect(address).unwrap());
        for (client, text) in clients.iter_mut().zip([b"1", b"2"]) {
            let socket = accept(listener.as_raw_fd()).expect("it waits");
            client.write_all(text).unwrap();
            let mut room = [0; 2];
            assert_eq!(read_some(socket.as_fd(), &mut room), Read::Bytes(1));
            assert_eq!(&room[..1], text);
        }
        assert!(accept(listener.as_raw_fd()).is_none());
    }

    #[test]
    fn a_connection_does_not_block_and_is_for_no_child() {
        let listener = listening();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let socket = accept(listener.as_raw_fd()).expect("it waits");
        assert!(fcntl_getfd(&socket).unwrap().contains(FdFlags::CLOEXEC));
        let read = TcpStream::from(socket).read(&mut [0]);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn none_comes_of_what_does_not_listen() {
        let listener = listening();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(accept(client.as_raw_fd()).is_none());
    }
}
