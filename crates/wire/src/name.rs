//! The addresses of sockets.

use std::net::{IpAddr, SocketAddr};
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

/// Whether there is one way to write the address. One of IPv6 may have a scope, or be one of IPv4 in another form.
#[must_use]
pub const fn has_one_form(address: IpAddr) -> bool {
    let IpAddr::V6(address) = address else {
        return true;
    };
    let segments = address.segments();
    let has_scope = segments[0] & 0xffc0 == 0xfe80;
    let was_ipv4 = matches!(segments, [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1);
    !has_scope && !was_ipv4
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::{has_one_form, name};

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

    #[test]
    fn most_addresses_are_written_in_one_way() {
        for address in ["127.0.0.1", "::", "::1", "2001:db8::1", "::ffff:127.0.0.1"] {
            assert!(has_one_form(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn one_with_a_scope_and_one_that_was_ipv4_may_be_written_in_several() {
        for address in ["fe80::1", "febf::1", "::127.0.0.1", "::2", "::1:0"] {
            assert!(!has_one_form(address.parse().unwrap()), "{address}");
        }
    }
}
