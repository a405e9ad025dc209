//! The Node.js addon of ws-rs.
//!
//! `binding` is the only room that knows Node-API; it decides nothing: what a connection is
//! lives in the crate `ws-rs-engine`, who moves its bytes in `ws-rs-wire`.

mod binding;
mod clock;
mod memory;
mod numbers;
mod runtime;

#[global_allocator]
static ALLOCATOR: ws_rs_engine::allocator::Allocator = ws_rs_engine::allocator::Allocator;
