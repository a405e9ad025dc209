//! Who moves the bytes.

#[cfg(unix)]
pub(crate) mod event_loop;
pub(crate) mod write;
