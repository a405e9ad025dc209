//! What an I/O thread leaves behind.

use std::collections::VecDeque;

use crate::socket::Socket;
use crate::threads::writing::Packed;

/// What was left of a socket that was taken from its thread.
#[derive(Debug, Default)]
pub struct Left {
    /// The socket itself, once, unless its thread goes on with it.
    pub(crate) socket: Option<Socket>,
    /// What the kernel did not take. Over TLS the first of these bytes may be in records that wait in the
    /// session, which says so when it is next given them.
    pub unwritten: Vec<u8>,
    /// How many of its first bytes are the rest of an answer of the thread's, which the owner did not put.
    pub answer_len: usize,
    /// Which parts of it were packed.
    pub packed: Vec<Packed>,
    /// How many bytes less than were put have gone to the kernel, packed, since this was last asked for.
    pub shrunk: i64,
    /// Which messages in what was read, and not taken, are inflated.
    pub inflated: VecDeque<u64>,
    /// How many bytes were added by that, since this was last asked for.
    pub growth: i64,
    /// Of the questions that are to come: whether they were answered.
    pub questions: VecDeque<bool>,
    /// What was read, and not taken. Over TLS it is back in the session.
    pub unread: Vec<u8>,
    /// Why nothing more can be read; a system error number. A session knows it itself.
    pub read_error: Option<i32>,
    /// Why nothing can be written.
    pub write_error: Option<i32>,
    /// How many of the bytes that were put are lost with that.
    pub lost: usize,
    /// How many bytes have come that answered questions of the thread's, and how many of those were written.
    pub others: (usize, usize),
    /// The peer was asked by the thread whether it lives ...
    pub was_watched: bool,
    /// ... and did not answer. The owner has not read that.
    pub is_dead: bool,
}

impl Left {
    /// Whether there is something to read, or an end, of which the kernel does not tell again.
    #[must_use]
    pub fn has_unread(&self) -> bool {
        !self.unread.is_empty() || self.read_error.is_some() || self.is_dead
    }
}
