//! The number by which an I/O thread knows a socket.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use mio::unix::SourceFd;
use mio::{Registry, Token};

use super::{INTEREST, Io, Line};
use crate::descriptor::duplicate;
use crate::socket::Socket;
use crate::threads::pipe::{END, End, READ, WRITE};

impl Line {
    /// Reads and writes by this number from now on: whoever has the socket's own may close it before it
    /// takes the socket back.
    ///
    /// # Errors
    /// The selector has no room for it: everything is as it was.
    pub(in crate::threads) fn set_own(&self, registry: &Registry, own: OwnedFd) -> io::Result<()> {
        self.move_to(&mut self.io(), registry, own)
    }

    /// As [`set_own`](Self::set_own), with a number that is made here. If there can be none, the connection
    /// ends; returns what the owner is to be told.
    pub(in crate::threads) fn make_own(&self, registry: &Registry) -> u8 {
        let mut io = self.io();
        let Some(socket) = io.socket.as_ref().filter(|_| io.own.is_none()) else {
            return 0;
        };
        let moved =
            duplicate(socket.descriptor()).and_then(|own| self.move_to(&mut io, registry, own));
        let Err(error) = moved else {
            return 0;
        };
        if let Some(socket) = io.socket.as_ref() {
            // It fails if it was not registered.
            let _ = registry.deregister(&mut SourceFd(&socket.descriptor()));
        }
        io.watch = None;
        io.responder = None;
        self.break_off(
            &mut io,
            error.raw_os_error().map_or(End::Broken, End::Failed),
        );
        READ | WRITE | END
    }

    fn move_to(&self, io: &mut Io, registry: &Registry, own: OwnedFd) -> io::Result<()> {
        let Some(socket) = &mut io.socket else {
            return Ok(());
        };
        let number = socket.descriptor();
        if let Some(index) = io.index {
            registry.register(&mut SourceFd(&own.as_raw_fd()), Token(index), INTEREST)?;
            // What fails here is closed, and so not watched.
            let _ = registry.deregister(&mut SourceFd(&number));
        }
        socket.set_descriptor(own.as_raw_fd());
        io.own = Some((own, number));
        Ok(())
    }
}

impl Io {
    /// The socket by its owner's number, if it is still here. The selector does not watch it any more.
    pub(super) fn take_socket(&mut self, registry: &Registry) -> Option<Socket> {
        let mut socket = self.socket.take()?;
        if self.index.is_some() {
            // What fails here is closed, and so not watched.
            let _ = registry.deregister(&mut SourceFd(&socket.descriptor()));
        }
        if let Some((_, number)) = self.own.take() {
            socket.set_descriptor(number);
        }
        Some(socket)
    }
}
