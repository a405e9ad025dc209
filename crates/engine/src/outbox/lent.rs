//! Payloads that are not ours.

/// A payload that stays in the program's memory until it is written.
///
/// The program may take that memory away, or make it shorter, at any time between two calls.
pub trait Lent {
    /// The payload as it is now; fewer bytes than there were mean that it was taken away.
    fn bytes(&self) -> &[u8];
}
