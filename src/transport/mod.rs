//! Who moves the bytes.

pub(crate) mod write;
