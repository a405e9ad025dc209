//! Who is told of sockets, and of what.

use std::os::fd::RawFd;

use crate::news::Ready;

/// Who is told.
pub trait Handler: Sized {
    /// These sockets have something to read, which is told once: until all of it was read or
    /// [`Reactor::rearm`](super::Reactor::rearm) is called there is no word of them again.
    fn on_ready(&self, sockets: impl Iterator<Item = Ready>);

    /// Whether a socket is to be told of once only: of room to write, or of what nobody reads.
    fn is_told_once(&self, id: u64) -> bool;

    /// Connections have come on a listening socket, which is told once: until all were taken or
    /// [`Reactor::listen_again`](super::Reactor::listen_again) is called.
    fn on_connections(&self, listening: RawFd);

    /// The moment is there that was asked for with
    /// [`Reactor::call_after_poll`](super::Reactor::call_after_poll); called once for each call of that.
    fn on_polled(&self);

    /// The reactor is closed, and the handler is about to be dropped.
    fn on_closed(&self);
}
