//! Who moves the bytes: sockets on Node's event loop, by descriptor and past Node's own handle.
//!
//! libuv watches a descriptor for one handle only, and that is Node's own: the sockets are watched
//! by a selector of ours, which libuv watches.
#![cfg(unix)]

mod accept;
mod after_poll;
mod closing;
mod descriptor;
mod end;
mod name;
mod news;
mod poll;
mod reactor;
mod read;
mod socket;
mod stream;
mod threads;
pub mod tls;
pub mod uv;
mod watched;
mod write;

pub use self::accept::{CAN_ACCEPT, MAX_TAKEN, accept};
pub use self::descriptor::borrow;
pub use self::end::{has_end_behind, is_readable};
pub use self::name::{has_one_form, name};
pub use self::news::Ready;
pub use self::reactor::{Handler, Reactor};
pub use self::read::{Read, peek_some, read_some};
pub use self::socket::Socket;
pub use self::stream::Stream;
pub use self::threads::{
    Left, Move, NewPulses, Pack, Packed, Passed, Pulse, Pulses, Responder, Seen, Terms, Threaded,
};
pub use self::watched::{Begin, Selector, Watched};
pub use self::write::{Write, end_writing};
