//! Listening sockets, which are Node's as well: whoever is first takes a connection.

use std::io;
use std::os::fd::RawFd;

use mio::unix::SourceFd;
use mio::{Interest, Token};

use super::{Handler, LISTENS, NOBODY, Reactor};

impl<H: Handler> Reactor<H> {
    /// Tells of the connections that come on a listening socket, with
    /// [`on_connections`](Handler::on_connections). That keeps no loop alive.
    ///
    /// # Errors
    /// It cannot be watched, or is already.
    pub fn listen(&self, fd: RawFd) -> io::Result<()> {
        let index = usize::try_from(fd).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.selector.borrow().registry().register(
            &mut SourceFd(&fd),
            Token(index),
            Interest::READABLE,
        )?;
        self.set_id(index, LISTENS);
        Ok(())
    }

    /// Tells of no more connections that come on a listening socket. To be called before it is closed.
    pub fn leave_listening(&self, fd: RawFd) {
        if self.is_listening(fd) {
            self.set_id(fd as usize, NOBODY);
            // What fails here is closed: there is nothing to be told of it.
            let _ = self
                .selector
                .borrow()
                .registry()
                .deregister(&mut SourceFd(&fd));
        }
    }

    /// Whether it tells of the connections that come on a socket.
    pub fn is_listening(&self, fd: RawFd) -> bool {
        self.id_of(fd as usize) == Some(LISTENS)
    }

    /// Connections were left on a listening socket: they are told of again.
    pub fn listen_again(&self, fd: RawFd) {
        if self.is_listening(fd) {
            // As above.
            let _ = self.selector.borrow().registry().reregister(
                &mut SourceFd(&fd),
                Token(fd as usize),
                Interest::READABLE,
            );
        }
    }
}
