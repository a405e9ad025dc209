//! What a connection is, between the protocol and the wire, without JavaScript, sockets or a clock.

pub mod allocator;
pub mod answered;
pub mod compression;
pub mod connection;
pub mod decoding;
pub mod heartbeat;
pub mod inbox;
pub mod inflated;
pub mod meter;
pub mod outbox;
pub mod prefetch;
pub mod reads;
pub mod registry;
pub mod schedule;
pub mod spare;
pub mod topics;
