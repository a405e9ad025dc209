//! The Node.js addon of ws-rs.
//!
//! `binding` is the only room that knows Node-API; `transport` moves bytes; the protocol lives in
//! the crate `ws-rs-protocol`, which knows neither.

mod allocator;
mod binding;
mod memory;
mod prefetch;
mod runtime;
mod transport;
#[cfg(unix)]
mod uv;
