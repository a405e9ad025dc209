//! The addresses of sockets.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;

use rustix::net::{getpeername, getsockname};

/// The address of a socket's peer, or its own; `None` if it has none, or one of another kind.
pub fn name(fd: BorrowedFd<'_>, peer: bool) -> Option<SocketAddr> {
    let name = if peer {
        getpeername(fd).ok()??
    } else {
        getsockname(fd).ok()?
    };
    SocketAddr::try_from(name).ok()
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::name;

    #[test]
    fn a_socket_has_an_address_and_so_has_its_peer() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        assert_eq!(name(client.as_fd(), true), Some(address));
        assert_eq!(
            name(client.as_fd(), false),
            Some(client.local_addr().unwrap())
        );
    }

    #[test]
    fn who_has_no_peer_or_another_kind_of_address_has_none() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert_eq!(name(listener.as_fd(), true), None);
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(name(one.as_fd(), false), None);
    }
}
