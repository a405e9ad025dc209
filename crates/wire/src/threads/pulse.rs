//! Whether the peers of a thread's sockets live, without their owner.

use std::fmt::Debug;
use std::time::Duration;

/// How a peer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// A peer of which nothing came for so long is asked ...
    pub interval: Duration,
    /// ... and is dead if nothing comes for so long after that.
    pub timeout: Duration,
    /// What it is asked with, as it is written.
    pub question: Vec<u8>,
}

/// What can be seen of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Another number than before if anything was received since.
    pub heard: u64,
    /// If the kernel takes no more: another number than before if it has taken something since.
    pub blocked: Option<u64>,
    /// The peer cannot be asked, or what it answers is not read.
    pub is_excused: bool,
}

/// What is to be done for a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// Nothing: its peer was heard in time.
    Alive,
    /// Its peer is to be asked.
    Ask,
    /// It did not answer.
    Dead,
}

/// Knows when sockets are to be looked at, by the numbers that their thread has for them. Times are its own.
pub trait Pulses: Debug + Send {
    /// What their clock says.
    fn now(&self) -> Duration;

    /// A socket is to be looked after from now on.
    fn start(&mut self, index: u64, terms: &Terms, seen: Seen, now: Duration);

    /// A socket is looked after no more; it may never have been.
    fn stop(&mut self, index: u64);

    /// When to poll, if at all.
    fn next(&self) -> Option<Duration>;

    /// One that is to be looked at now.
    fn poll(&mut self, now: Duration) -> Option<u64>;

    /// Judges a socket by what can be seen. `has_news` says whether something of the peer's has come that was
    /// not read yet.
    fn look(
        &mut self,
        index: u64,
        seen: Seen,
        has_news: &mut dyn FnMut() -> bool,
        now: Duration,
    ) -> Pulse;
}

/// Makes what a thread has of these, when it needs it.
pub type NewPulses = fn() -> Box<dyn Pulses>;
