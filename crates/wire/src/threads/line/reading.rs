//! From the kernel to the pipe, and what is answered on the way.

use super::{Io, Line};
use crate::read::Read;
use crate::socket::Socket;
use crate::threads::pipe::{CREDIT, END, End, READ};
use crate::write::Write;

/// "Broken pipe".
const EPIPE: i32 = 32;

impl Line {
    /// Reads what there is room for; returns what the owner is to be told.
    pub(super) fn read(&self, io: &mut Io, scratch: &mut [u8]) -> u8 {
        let mut news = 0;
        while io.readable && !io.has_ended {
            let Some(socket) = &mut io.socket else { break };
            if io.held + scratch.len() > CREDIT {
                let room = self.pipe.room();
                if room == 0 {
                    break;
                }
                io.held = CREDIT - room;
            }
            let asked = scratch.len().min(CREDIT - io.held);
            match socket.read(&mut scratch[..asked]) {
                Read::Bytes(len) => {
                    io.heard += len as u64;
                    if socket.is_drained(len, asked) && !io.until_empty && !self.is_local {
                        io.readable = false;
                    }
                    news |= self.take_in(io, &scratch[..len]);
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
    fn take_in(&self, io: &mut Io, bytes: &[u8]) -> u8 {
        if self.is_answer(io, bytes) {
            self.pipe.count_unseen(bytes.len());
            return 0;
        }
        let mut answers = Vec::new();
        match &mut io.responder {
            Some(responder) if responder.passes() => {
                let passed = responder.pass(bytes, &mut answers);
                self.respond(io, passed.questions, answers);
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
                self.respond(io, count, answers);
                io.held = self.pipe.put_in(bytes);
            }
            None => io.held = self.pipe.put_in(bytes),
        }
        READ
    }

    /// What was kept of the peer's bytes is the owner's.
    pub(super) fn stop_passing(&self, io: &mut Io) {
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
    fn respond(&self, io: &mut Io, count: usize, mut answers: Vec<u8>) {
        let (Some(responder), Some(socket)) = (&mut io.responder, &mut io.socket) else {
            return;
        };
        if count == 0 {
            return;
        }
        let can_answer = !io.is_paused
            && !io.leaves_questions
            && io.answer.is_empty()
            && socket.takes_answers()
            && responder.can_answer();
        let taken = if can_answer {
            take(socket, &answers)
        } else {
            0
        };
        if taken > 0 {
            io.sent += taken as u64;
            responder.written(&answers);
            io.answer = answers.split_off(taken);
        } else {
            responder.leave(count);
        }
        self.pipe.put_questions(count, taken > 0);
    }

    pub(super) fn end(&self, io: &mut Io, end: End) -> u8 {
        io.has_ended = true;
        self.stop_passing(io);
        self.pipe.end(end);
        READ | END
    }
}

/// Writes an answer; returns how much of it need not be written again. A session has made records of it
/// then, whether or not the kernel has all of them.
pub(super) fn take(socket: &mut Socket, answer: &[u8]) -> usize {
    let written = match socket.write_on(&[answer]) {
        Write::Bytes(len) => len,
        _ => 0,
    };
    written + socket.take_committed()
}
