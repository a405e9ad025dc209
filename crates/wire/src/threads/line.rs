//! One socket that an I/O thread moves the bytes of.

mod left;
mod owner;
mod watch;

use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mio::event::Event;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};

pub use self::left::Left;
use super::pipe::{CREDIT, END, End, Pipe, READ, WRITE};
use super::pulse::Terms;
use super::responder::Responder;
use super::writing::Writing;
use crate::descriptor::borrow;
use crate::read::{Read, read_some};
use crate::write::{Write, write_some};

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
/// "Broken pipe".
const EPIPE: i32 = 32;

/// The socket: its bytes on their way, and the descriptor. Whoever reads or writes it has `io` locked,
/// and the owner may, at any time: no byte is moved then, and none once it has taken the descriptor.
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
    /// `None`: the socket is not the I/O thread's any more.
    fd: Option<RawFd>,
    /// Where the I/O thread has it.
    index: Option<usize>,
    /// There may be something to read.
    readable: bool,
    /// As far as is known the kernel takes more.
    writable: bool,
    /// A short read may not be the last: there is an end, or urgent data.
    until_empty: bool,
    has_ended: bool,
    /// No more than so many bytes wait for the owner.
    held: usize,
    /// What is being written.
    writing: Writing,
    /// What is left to be written of an answer, before everything else.
    answer: Vec<u8>,
    responder: Option<Box<dyn Responder>>,
    /// The owner reads nothing for now, and nothing is answered.
    is_paused: bool,
    /// How the peer is asked whether it lives, if the thread does that.
    watch: Option<Box<Terms>>,
    /// How much has come, ...
    heard: u64,
    /// ... and how much was written, by whomever.
    sent: u64,
    /// The peer does not live: nothing more is written.
    is_dead: bool,
    /// For tests.
    panics: bool,
}

impl Line {
    pub(super) fn new(
        (fd, id, is_local): (RawFd, u64, bool),
        responder: Option<Box<dyn Responder>>,
    ) -> Self {
        let io = Io {
            fd: Some(fd),
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
        let Some(fd) = io.fd else { return false };
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
            if self.pipe.set_full(false) {
                news = WRITE;
            }
        }
        io.until_empty |= event.is_read_closed() || event.is_error() || event.is_priority();
        if event.is_error()
            && let Some(fd) = io.fd
        {
            // Whoever meets an error first takes it from the kernel, and it says more to who reads.
            news |= self.read(&mut io, fd, scratch);
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

    /// The I/O thread has panicked, and no byte can be trusted.
    pub(super) fn on_panic(&self, registry: &Registry) -> u8 {
        let mut io = self.io();
        if let Some(fd) = io.fd {
            // It fails if it was not registered.
            let _ = registry.deregister(&mut SourceFd(&fd));
        }
        io.index = None;
        io.watch = None;
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
        let Some(fd) = io.fd else { return 0 };
        // What was sent first: the peer may wait for it to send more.
        self.write(io, fd) | self.read(io, fd, scratch)
    }

    fn read(&self, io: &mut Io, fd: RawFd, scratch: &mut [u8]) -> u8 {
        let mut news = 0;
        while io.readable && !io.has_ended {
            if io.held + scratch.len() > CREDIT {
                let room = self.pipe.room();
                if room == 0 {
                    break;
                }
                io.held = CREDIT - room;
            }
            let asked = scratch.len().min(CREDIT - io.held);
            match read_some(borrow(fd), &mut scratch[..asked]) {
                Read::Bytes(len) => {
                    io.heard += len as u64;
                    news |= self.take_in(io, fd, &scratch[..len]);
                    if len < asked && !io.until_empty && !self.is_local {
                        io.readable = false;
                    }
                }
                Read::Empty => io.readable = false,
                Read::Failed(error) => news |= self.end(io, End::Failed(error)),
                Read::End | Read::Broken | Read::Dead => {
                    // Of a reset that a write has met, reading knows only an end.
                    let end = match self.pipe.under_way() {
                        (_, Some(error)) if error != EPIPE => End::Failed(error),
                        _ => End::Peer,
                    };
                    news |= self.end(io, end);
                }
            }
        }
        news
    }

    /// Bytes have come: returns what the owner is to be told.
    fn take_in(&self, io: &mut Io, fd: RawFd, bytes: &[u8]) -> u8 {
        if self.is_answer(io, bytes) {
            self.pipe.count_unseen(bytes.len());
            return 0;
        }
        let mut answers = Vec::new();
        match &mut io.responder {
            Some(responder) if responder.passes() => {
                let passed = responder.pass(bytes, &mut answers);
                self.respond(io, fd, passed.questions, answers);
                let is_news = !passed.bytes.is_empty();
                io.held = self
                    .pipe
                    .put_passed(passed.bytes, bytes.len(), &passed.inflated);
                if !is_news {
                    return 0;
                }
            }
            Some(responder) => {
                let count = responder.read(bytes, &mut answers);
                self.respond(io, fd, count, answers);
                io.held = self.pipe.put_in(bytes);
            }
            None => io.held = self.pipe.put_in(bytes),
        }
        READ
    }

    /// What was kept of the peer's bytes is the owner's.
    fn stop_passing(&self, io: &mut Io) {
        let kept = match &mut io.responder {
            Some(responder) if responder.passes() => responder.stop_passing(),
            _ => return,
        };
        if !kept.is_empty() {
            io.held = self.pipe.put_passed(kept, 0, &[]);
        }
    }

    /// Answers so many questions in bytes that have come, if that can be done now; else they are the
    /// owner's to answer.
    fn respond(&self, io: &mut Io, fd: RawFd, count: usize, mut answers: Vec<u8>) {
        let Some(responder) = &mut io.responder else {
            return;
        };
        if count == 0 {
            return;
        }
        let can_answer = !io.is_paused && io.answer.is_empty() && responder.can_answer();
        let written = match can_answer.then(|| write_some(borrow(fd), &[&answers])) {
            Some(Write::Bytes(len)) => len,
            _ => 0,
        };
        if written > 0 {
            io.sent += written as u64;
            responder.written(&answers);
            io.answer = answers.split_off(written);
        } else {
            responder.leave(count);
        }
        self.pipe.put_questions(count, written > 0);
    }

    fn end(&self, io: &mut Io, end: End) -> u8 {
        io.has_ended = true;
        self.stop_passing(io);
        self.pipe.end(end);
        READ | END
    }

    fn write(&self, io: &mut Io, fd: RawFd) -> u8 {
        let mut news = 0;
        if io.is_dead {
            return 0;
        }
        while !io.answer.is_empty() {
            match write_some(borrow(fd), &[&io.answer]) {
                Write::Bytes(len) => {
                    io.sent += len as u64;
                    io.answer.drain(..len);
                }
                Write::Full | Write::Handed(_) => {
                    io.writable = false;
                    return if self.pipe.set_full(true) { WRITE } else { 0 };
                }
                // Who writes or reads next meets it.
                Write::Failed(_) => io.answer = Vec::new(),
            }
        }
        loop {
            if io.writing.rest().is_empty() && !self.take_out(io) {
                return news | WRITE;
            }
            let rest = io.writing.rest();
            if rest.is_empty() || !io.writable {
                return news;
            }
            match write_some(borrow(fd), &[rest]) {
                // If that is not all, the next call is told that the kernel is full: without that there
                // need not be word of room.
                Write::Bytes(len) => {
                    io.sent += len as u64;
                    if let Some(responder) = &mut io.responder {
                        responder.written(&rest[..len]);
                    }
                    if self.pipe.written(io.writing.advance(len)) {
                        news |= WRITE;
                    }
                }
                Write::Full | Write::Handed(_) => {
                    io.writable = false;
                    if self.pipe.set_full(true) {
                        news |= WRITE;
                    }
                }
                Write::Failed(error) => {
                    io.writing.clear();
                    // Who reads has taken the reason from the kernel.
                    self.pipe.fail(self.pipe.read_error().unwrap_or(error));
                    return news | WRITE;
                }
            }
        }
    }

    /// Takes what was put, to be written behind what is being; `false` if that ends in a fault.
    fn take_out(&self, io: &mut Io) -> bool {
        let mut bytes = Vec::new();
        let parcels = self.pipe.take_out(&mut bytes);
        let is_sound = io.writing.put(bytes, parcels);
        if !is_sound {
            self.pipe.fail(EIO);
        }
        is_sound
    }

    fn io(&self) -> MutexGuard<'_, Io> {
        // Of a panic with the lock held all are told by the thread.
        self.io.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
