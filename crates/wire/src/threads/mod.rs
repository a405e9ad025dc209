//! Sockets whose bytes are moved by other threads.
//!
//! An I/O thread reads what comes into a [`Pipe`](pipe::Pipe) and writes what it finds in there; the
//! thread that owns the sockets takes from it and puts into it. Both are woken by a
//! [`Mailbox`](mailbox::Mailbox), once for whatever has come. These two are all the synchronisation
//! there is, besides the lock of the descriptor in [`Line`](line::Line), and loom tests them.

mod line;
mod mailbox;
#[cfg(all(test, loom))]
mod models;
mod pipe;
mod pool;
mod pulse;
mod ready;
mod responder;
mod socket;
mod sync;
#[cfg(all(test, not(loom)))]
mod test_thread;
#[cfg(all(test, not(loom)))]
mod traffic_tests;
#[cfg(all(test, not(loom)))]
mod watch_tests;
mod worker;
mod writing;

pub use self::line::Left;
pub use self::pool::Move;
pub(crate) use self::pool::Pool;
pub use self::pulse::{NewPulses, Pulse, Pulses, Seen, Terms};
pub use self::responder::{Passed, Responder};
pub use self::socket::Threaded;
#[cfg(all(test, not(loom)))]
pub(crate) use self::test_thread::TestThread;
pub use self::writing::{Pack, Packed};
