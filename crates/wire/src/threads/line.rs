//! One socket that an I/O thread moves the bytes of.

mod descriptor;
mod left;
mod owner;
mod reading;
mod session;
mod watch;
mod writing;

use std::os::fd::{OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

pub use self::left::Left;
use super::pipe::{END, End, Pipe, READ, WRITE};
use super::pulse::Terms;
use super::responder::Responder;
use super::writing::Writing;
use crate::socket::Socket;

/// As for sockets on the loop. The selector tells of changes only, so room to write may be watched for
/// all the time.
#[cfg(any(target_os = "linux", target_os = "android"))]
const INTEREST: Interest = Interest::READABLE
    .add(Interest::PRIORITY)
    .add(Interest::WRITABLE);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const INTEREST: Interest = Interest::READABLE.add(Interest::WRITABLE);
/// "I/O error".
const EIO: i32 = 5;

/// The socket: its bytes on their way, and what moves them. Whoever reads or writes it has `io` locked. The owner may lock
/// it at any time: then nobody else moves a byte, and nobody does once the owner has taken the socket. A TLS session is
/// behind the same lock.
#[derive(Debug)]
pub(super) struct Line {
    /// The owner's number for it.
    pub(super) id: u64,
    pub(super) pipe: Pipe,
    /// A short read may not be the last, as the peer can send descriptors along.
    is_local: bool,
    io: Mutex<Io>,
}

/// What it takes to move bytes.
#[derive(Debug)]
pub(super) struct Io {
    /// `None`: it is not the I/O thread's any more.
    socket: Option<Socket>,
    /// The descriptor that the I/O thread has of its own, if it has one, and the owner's number.
    own: Option<(OwnedFd, RawFd)>,
    /// Its index among the I/O thread's sockets.
    index: Option<usize>,
    /// There may be something to read.
    readable: bool,
    /// As far as is known the kernel takes more.
    writable: bool,
    /// A short read may not be the last: there is an end, or urgent data.
    until_empty: bool,
    has_ended: bool,
    /// The most bytes that can be waiting for the owner: it may have taken some.
    held: usize,
    /// What is being written.
    writing: Writing,
    /// What is left to be written of an answer, before everything else.
    answer: Vec<u8>,
    responder: Option<Box<dyn Responder>>,
    /// The owner reads nothing for now, and nothing is answered.
    is_paused: bool,
    /// All that is asked is the owner's to answer.
    leaves_questions: bool,
    /// How the peer is asked whether it lives, if the thread does that.
    watch: Option<Box<Terms>>,
    /// How many bytes have come, ...
    heard: u64,
    /// ... and how many were written, by whomever.
    sent: u64,
    /// The peer does not live: nothing more is written.
    is_dead: bool,
    /// For tests.
    panics: bool,
}

impl Line {
    pub(super) fn new(
        socket: Socket,
        id: u64,
        is_local: bool,
        responder: Option<Box<dyn Responder>>,
    ) -> Self {
        let io = Io {
            socket: Some(socket),
            own: None,
            index: None,
            readable: true,
            writable: true,
            until_empty: false,
            has_ended: false,
            held: 0,
            writing: Writing::default(),
            answer: Vec::new(),
            responder,
            is_paused: false,
            leaves_questions: false,
            watch: None,
            heard: 0,
            sent: 0,
            is_dead: false,
            panics: false,
        };
        Self {
            id,
            pipe: Pipe::new(),
            is_local,
            io: Mutex::new(io),
        }
    }

    /// Has the selector watch it from now on, as number `index`; `false` if it is not to be.
    pub(super) fn register(&self, registry: &Registry, index: usize) -> bool {
        let mut io = self.io();
        let Some(fd) = io.descriptor() else {
            return false;
        };
        if let Err(error) = registry.register(&mut SourceFd(&fd), Token(index), INTEREST) {
            self.break_off(
                &mut io,
                error.raw_os_error().map_or(End::Broken, End::Failed),
            );
            return false;
        }
        io.index = Some(index);
        true
    }

    /// The selector has seen something; returns what the owner is to be told.
    pub(super) fn on_event(&self, event: &Event, scratch: &mut [u8]) -> u8 {
        let mut io = self.io();
        io.readable |= event.is_readable() || event.is_priority() || event.is_error();
        let mut news = 0;
        if event.is_writable() || event.is_error() {
            io.writable = true;
            // There is room for more behind the records that wait.
            news |= self.flush_records(&mut io);
            if io.writable && self.pipe.set_full(false) {
                news |= WRITE;
            }
        }
        if event.is_read_closed() || event.is_error() || event.is_priority() {
            io.until_empty = true;
            if let Some(socket) = &mut io.socket {
                socket.read_until_empty();
            }
        }
        if event.is_error() {
            // The kernel gives an error once, and reading says more of it than writing.
            news |= self.read(&mut io, scratch);
        }
        news | self.step(&mut io, scratch)
    }

    /// The owner has put something, or taken; returns what it is to be told.
    pub(super) fn attend(&self, scratch: &mut [u8]) -> u8 {
        self.step(&mut self.io(), scratch)
    }

    /// The I/O thread does not have it any more; returns where it had it.
    pub(super) fn forget(&self) -> Option<usize> {
        self.io().index.take()
    }

    /// The I/O thread has panicked, and no byte can be trusted; returns what the owner is to be told.
    pub(super) fn on_panic(&self, registry: &Registry) -> u8 {
        let mut io = self.io();
        if let Some(fd) = io.descriptor() {
            // It fails if it was not registered.
            let _ = registry.deregister(&mut SourceFd(&fd));
        }
        io.index = None;
        io.watch = None;
        if let Some(Socket::Tls(tls)) = &mut io.socket {
            tls.break_off();
        }
        self.break_off(&mut io, End::Broken);
        READ | WRITE | END
    }

    fn break_off(&self, io: &mut Io, end: End) {
        io.has_ended = true;
        io.writing.clear();
        self.pipe.end(end);
        self.pipe.fail(match end {
            End::Failed(error) => error,
            _ => EIO,
        });
    }

    fn step(&self, io: &mut Io, scratch: &mut [u8]) -> u8 {
        assert!(!io.panics, "a test wants it so");
        // Writing first: the peer may wait for that before it sends more.
        let news = self.write(io) | self.read(io, scratch);
        // What was read may have had a session say something itself.
        news | self.flush_records(io)
    }

    fn io(&self) -> MutexGuard<'_, Io> {
        // A panic with the lock held ends all connections of the thread, see `on_panic`.
        self.io.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Io {
    fn descriptor(&self) -> Option<RawFd> {
        self.socket.as_ref().map(Socket::descriptor)
    }
}
