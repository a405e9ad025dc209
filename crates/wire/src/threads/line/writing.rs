//! From the pipe to the kernel, on whatever thread.

use super::{EIO, Io, Line};
use crate::socket::Socket;
use crate::threads::pipe::WRITE;
use crate::write::Write;

/// What is left of the slice in which `len` bytes of all end.
fn rest_of<'a>(slices: &[&'a [u8]], mut len: usize) -> &'a [u8] {
    for slice in slices {
        if len < slice.len() {
            return &slice[len..];
        }
        len -= slice.len();
    }
    &[]
}

impl Line {
    /// Writes what waits; returns what the owner is to be told.
    pub(super) fn write(&self, io: &mut Io) -> u8 {
        if io.socket.is_none() || io.is_dead {
            return 0;
        }
        let mut news = self.write_answer(io);
        if !io.answer.is_empty() {
            return news;
        }
        loop {
            if io.writing.rest().is_empty() && !self.take_out(io) {
                return news | WRITE;
            }
            let rest = io.writing.rest();
            let Some(socket) = &mut io.socket else {
                return news;
            };
            if rest.is_empty() || !io.writable {
                return news;
            }
            match socket.write_on(&[rest]) {
                // If that is not all, the loop asks again: the selector tells of room only after the kernel has
                // refused some.
                Write::Bytes(len) => {
                    io.sent += len as u64;
                    if let Some(responder) = &mut io.responder {
                        responder.written(&rest[..len]);
                    }
                    if self.pipe.written(io.writing.advance(len)) {
                        news |= WRITE;
                    }
                }
                Write::Full | Write::Handed(_) => news |= self.note_full(io),
                Write::Failed(error) => {
                    let error = self.reason(socket, error);
                    io.writing.clear();
                    self.pipe.fail(error);
                    return news | WRITE;
                }
            }
        }
    }

    fn write_answer(&self, io: &mut Io) -> u8 {
        while !io.answer.is_empty()
            && let Some(socket) = &mut io.socket
        {
            let written = socket.write_on(&[&io.answer]);
            let taken = match (written, socket.take_committed()) {
                (Write::Bytes(len), more) => len + more,
                (Write::Full | Write::Handed(_), 0) => return self.note_full(io),
                (Write::Full | Write::Handed(_), len) => len,
                // The next write or read meets the error, too.
                (Write::Failed(_), _) => io.answer.len(),
            };
            io.sent += taken as u64;
            io.answer.drain(..taken);
            if io.answer.is_empty() {
                // An idle connection keeps none.
                io.answer = Vec::new();
            }
        }
        0
    }

    /// Takes what was put, to be written behind what is being; `false` if that ends in a fault.
    pub(super) fn take_out(&self, io: &mut Io) -> bool {
        let mut bytes = Vec::new();
        let parcels = self.pipe.take_out(&mut bytes);
        let is_sound = io.writing.put(bytes, parcels);
        if !is_sound {
            self.pipe.fail(EIO);
        }
        is_sound
    }

    /// Writes records that wait in a session; returns what the owner is to be told.
    pub(super) fn flush_records(&self, io: &mut Io) -> u8 {
        let Some(socket) = &mut io.socket else {
            return 0;
        };
        if !io.writable || io.is_dead || !socket.has_backlog() {
            return 0;
        }
        match socket.flush() {
            Write::Full => self.note_full(io),
            Write::Failed(error) => {
                self.pipe.fail(self.reason(socket, error));
                WRITE
            }
            Write::Bytes(_) | Write::Handed(_) => 0,
        }
    }

    pub(super) fn note_full(&self, io: &mut Io) -> u8 {
        io.writable = false;
        if self.pipe.set_full(true) { WRITE } else { 0 }
    }

    /// Why a write has failed: whoever reads may have taken that from the kernel.
    pub(super) fn reason(&self, socket: &Socket, error: i32) -> i32 {
        let met = match socket {
            Socket::Plain(_) => None,
            Socket::Tls(tls) => tls.system_error(),
        };
        met.or_else(|| self.pipe.read_error()).unwrap_or(error)
    }

    /// On the owner's thread: gives bytes to the kernel, unless others wait to be written before them:
    /// `None` then.
    pub(in crate::threads) fn write_now(&self, slices: &[&[u8]]) -> Option<Write> {
        let mut io = self.io();
        if self.pipe.under_way() != (0, None) || !io.answer.is_empty() {
            return None;
        }
        if io.is_dead {
            // The owner is about to hear of it.
            return Some(Write::Full);
        }
        let written = self.write_to_the_full(&mut io, slices)?;
        if let Write::Bytes(len) = written {
            io.sent += len as u64;
        }
        if let (Some(responder), Write::Bytes(mut len)) = (&mut io.responder, written) {
            for slice in slices {
                let step = len.min(slice.len());
                responder.written(&slice[..step]);
                len -= step;
            }
        }
        Some(written)
    }

    /// Writes until the kernel refuses some, as the selector tells of room only then: not before this is noted, as the
    /// lock is held.
    fn write_to_the_full(&self, io: &mut Io, slices: &[&[u8]]) -> Option<Write> {
        let given: usize = slices.iter().map(|slice| slice.len()).sum();
        let socket = io.socket.as_mut()?;
        let mut len = match socket.write_on(slices) {
            Write::Bytes(len) if len == given => return Some(Write::Bytes(len)),
            Write::Bytes(len) => len,
            Write::Failed(error) => return Some(Write::Failed(self.reason(socket, error))),
            Write::Full | Write::Handed(_) => 0,
        };
        while len > 0
            && len < given
            && let Write::Bytes(more) = socket.write_on(&[rest_of(slices, len)])
        {
            len += more;
        }
        if len < given {
            // The owner sees it by the length.
            let _ = self.note_full(io);
        }
        Some(if len == 0 {
            Write::Full
        } else {
            Write::Bytes(len)
        })
    }
}
