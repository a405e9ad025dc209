//! A socket whose peer is asked by the I/O thread whether it lives.

use super::{Io, Line};
use crate::descriptor::borrow;
use crate::read::{Read, peek_some};
use crate::socket::Socket;
use crate::threads::pipe::{CREDIT, End, READ, WRITE};
use crate::threads::pulse::{Pulse, Pulses, Seen, Terms};
use crate::threads::responder::Responder;
use crate::write::{Write, shut_down};

impl Line {
    /// The peer is to be asked; the thread is to be told of it.
    pub(in crate::threads) fn watch(&self, terms: Terms) {
        self.io().watch = Some(Box::new(terms));
    }

    /// The peer is not asked any more, and not found dead.
    pub(in crate::threads) fn unwatch(&self) {
        self.io().watch = None;
    }

    pub(in crate::threads) fn is_watched(&self) -> bool {
        self.io().watch.is_some()
    }

    /// Has the thread's pulses look after the socket, if the owner still wants it.
    pub(in crate::threads) fn start_watch(&self, pulses: &mut dyn Pulses) {
        let io = self.io();
        if let (Some(index), Some(terms), Some(_)) = (io.index, &io.watch, &io.socket) {
            let now = pulses.now();
            pulses.start(index as u64, terms, self.seen(&io), now);
        }
    }

    /// It is time to look whether the peer lives; returns what the owner is to be told.
    pub(in crate::threads) fn look(
        &self,
        index: usize,
        pulses: &mut dyn Pulses,
        now: std::time::Duration,
    ) -> u8 {
        let mut io = self.io();
        let (Some(fd), Some(_)) = (io.descriptor(), &io.watch) else {
            pulses.stop(index as u64);
            return 0;
        };
        let mut has_news = || peek_some(borrow(fd), &mut [0]) != Read::Empty;
        match pulses.look(index as u64, self.seen(&io), &mut has_news, now) {
            Pulse::Alive => 0,
            Pulse::Ask => self.ask(&mut io),
            Pulse::Dead => {
                pulses.stop(index as u64);
                io.watch = None;
                io.is_dead = true;
                // The descriptor is the owner's to close, who may be busy for long.
                shut_down(borrow(fd));
                self.end(&mut io, End::Dead)
            }
        }
    }

    /// Whether bytes that have come are the answer to what was asked: nobody else needs them.
    pub(super) fn is_answer(&self, io: &Io, bytes: &[u8]) -> bool {
        let (Some(terms), Some(responder)) = (&io.watch, &io.responder) else {
            return false;
        };
        responder.is_answer(bytes, &terms.question)
    }

    fn seen(&self, io: &Io) -> Seen {
        let can_ask = io.responder.as_deref().is_some_and(Responder::can_ask);
        let records = io.socket.as_ref().map_or(0, Socket::backlog_len);
        let is_full = io.held >= CREDIT && self.pipe.room() == 0;
        Seen {
            heard: io.heard,
            // What is in records counts as sent when the kernel has it.
            blocked: (!io.writable).then(|| io.sent.wrapping_sub(records as u64)),
            is_excused: io.is_paused || io.has_ended || is_full || (io.writable && !can_ask),
        }
    }

    fn ask(&self, io: &mut Io) -> u8 {
        let (Some(socket), Some(terms), Some(responder)) =
            (&mut io.socket, &io.watch, &mut io.responder)
        else {
            return 0;
        };
        // It would wait behind other bytes.
        if !io.writable || !io.answer.is_empty() || !io.writing.rest().is_empty() {
            return 0;
        }
        if !socket.takes_answers() {
            return 0;
        }
        let written = socket.write_on(&[&terms.question]);
        let taken = match written {
            Write::Bytes(len) => len + socket.take_committed(),
            _ => socket.take_committed(),
        };
        if taken > 0 {
            responder.written(&terms.question);
            io.answer = terms.question[taken..].to_vec();
            io.sent += taken as u64;
            self.pipe.count_asked(terms.question.len());
            return 0;
        }
        match written {
            Write::Failed(error) => {
                let error = self.reason(socket, error);
                self.pipe.fail(error);
                READ | WRITE
            }
            _ => self.note_full(io),
        }
    }
}
