//! What is answered on the way, without the owner.
//!
//! The wire knows no frames. A question is what one end wants answered at once, and the other answers by itself: for
//! WebSocket a ping, and its answer a pong (RFC 6455, sections 5.5.2 and 5.5.3).

use std::any::Any;
use std::fmt::Debug;

/// What was made of bytes on their way.
#[derive(Debug, Default)]
pub struct Passed {
    /// What the owner is to get.
    pub bytes: Vec<u8>,
    /// Which messages in there are inflated, by their numbers.
    pub inflated: Vec<u64>,
    /// How many questions there were.
    pub questions: usize,
}

/// Knows what the bytes of a connection mean, as far as it takes to answer questions of the peer's.
pub trait Responder: Any + Debug + Send {
    /// Whether an answer may be written now: nothing is half written, and the owner owes none.
    fn can_answer(&self) -> bool;

    /// Whether a question of this end may be written now.
    fn can_ask(&self) -> bool;

    /// Whether bytes that have come are the answer to `question` and nothing else. They need not be read
    /// then, nor be given to the owner.
    fn is_answer(&self, bytes: &[u8], question: &[u8]) -> bool;

    /// Bytes have come: appends the answers to the questions in them, and returns how many there were.
    fn read(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> usize;

    /// Whether bytes are given to [`pass`](Self::pass) instead.
    fn passes(&self) -> bool;

    /// As [`read`](Self::read), and makes of the bytes what the owner is to get.
    fn pass(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Passed;

    /// All that comes passes as it is from now on; returns what was kept.
    fn stop_passing(&mut self) -> Vec<u8>;

    /// The answers to so many of them are the owner's to give.
    fn leave(&mut self, count: usize);

    /// Bytes were written.
    fn written(&mut self, bytes: &[u8]);
}
