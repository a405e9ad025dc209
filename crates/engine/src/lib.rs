//! What a connection is, between the protocol and the wire, without JavaScript, sockets or a clock.

pub mod allocator;
pub mod inbox;
pub mod prefetch;
pub mod registry;
