//! Sockets on Node's event loop: a duplicate of the descriptor under a libuv poll handle.
//!
//! A duplicate, as libuv watches a descriptor for one handle only, and that is Node's own.

mod poll;
mod read;

pub(crate) use self::poll::{Listener, Poll};
pub(crate) use self::read::{Read, read_some, waiting};
