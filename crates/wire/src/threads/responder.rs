//! What is answered on the way, without the owner.

use std::fmt::Debug;

/// Knows what the bytes of a connection mean, as far as it takes to answer questions of the peer's.
pub trait Responder: Debug + Send {
    /// Whether an answer may be written now: nothing is half written, and the owner owes none.
    fn can_answer(&self) -> bool;

    /// Bytes have come: appends the answers to the questions in them, and returns how many there were.
    fn read(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> usize;

    /// The answers to so many of them are the owner's to give.
    fn leave(&mut self, count: usize);

    /// Bytes were written.
    fn written(&mut self, bytes: &[u8]);
}
