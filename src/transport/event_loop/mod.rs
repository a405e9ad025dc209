//! Sockets on Node's event loop, by descriptor and past Node's own handle.
//!
//! libuv watches a descriptor for one handle only, and that is Node's own: the sockets are watched
//! by a selector of ours, which libuv watches.

mod reactor;
mod read;

pub(crate) use self::reactor::{Handler, Reactor, Ready};
pub(crate) use self::read::{Read, read_some, waiting};
