//! What the owner of a socket does with it on its own thread, past the I/O thread.

use std::os::fd::RawFd;

use mio::Registry;
use mio::unix::SourceFd;

use super::{Io, Left, Line};
use crate::descriptor::borrow;
use crate::read::{Read, peek_some};
use crate::threads::pipe::End;
use crate::threads::responder::Responder;
use crate::write::{Write, write_some};

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
    /// Gives bytes to the kernel, unless others wait to be written before them: `None` then.
    pub(in crate::threads) fn write_now(&self, slices: &[&[u8]]) -> Option<Write> {
        let mut io = self.io();
        let fd = io.fd?;
        if self.pipe.under_way() != (0, None) || !io.answer.is_empty() {
            return None;
        }
        if io.is_dead {
            // The owner is about to hear of it.
            return Some(Write::Full);
        }
        let given: usize = slices.iter().map(|slice| slice.len()).sum();
        let written = self.write_all_now(&mut io, fd, slices, given);
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

    fn write_all_now(&self, io: &mut Io, fd: RawFd, slices: &[&[u8]], given: usize) -> Write {
        let written = write_some(borrow(fd), slices);
        match written {
            // Who reads has taken the reason from the kernel.
            Write::Failed(error) => Write::Failed(self.pipe.read_error().unwrap_or(error)),
            Write::Bytes(len) if len == given => written,
            // Once more, so that there will be word of room: with the lock held, so that it comes behind
            // this.
            Write::Bytes(len) => match write_some(borrow(fd), &[rest_of(slices, len)]) {
                Write::Bytes(more) => Write::Bytes(len + more),
                _ => self.full(io, Write::Bytes(len)),
            },
            Write::Full | Write::Handed(_) => self.full(io, Write::Full),
        }
    }

    fn full(&self, io: &mut Io, written: Write) -> Write {
        io.writable = false;
        // The owner knows it from what was written.
        let _ = self.pipe.set_full(true);
        written
    }

    /// Gives the kernel what waits, now, and takes back what it does not take.
    pub(in crate::threads) fn flush(&self) -> Left {
        self.flush_with(&mut self.io())
    }

    /// As [`flush`](Self::flush), and takes the socket: no other thread reads or writes it when this
    /// has returned.
    pub(in crate::threads) fn leave(&self, registry: &Registry) -> Left {
        let mut io = self.io();
        let mut left = self.flush_with(&mut io);
        if let Some(fd) = io.fd.take()
            && io.index.is_some()
        {
            // What fails here is closed, and so not watched.
            let _ = registry.deregister(&mut SourceFd(&fd));
        }
        self.stop_passing(&mut io);
        io.responder = None;
        left.questions = self.pipe.take_questions();
        left.inflated = self.pipe.take_all_inflated();
        left.growth = self.pipe.take_growth();
        let (end, _) = self.pipe.take_in(&mut left.unread);
        left.others = self.pipe.take_others();
        left.was_watched = io.watch.take().is_some();
        left.is_dead = end == Some(End::Dead);
        if let Some(End::Failed(error)) = end {
            left.read_error = Some(error);
        }
        left
    }

    fn flush_with(&self, io: &mut Io) -> Left {
        let mut left = Left::default();
        if let Some(fd) = io.fd
            && (self.pipe.under_way().0 > 0 || !io.answer.is_empty())
        {
            // The kernel says whether it is so.
            io.writable = true;
            self.write(io, fd);
        }
        // Nobody else knows how to make the real bytes.
        self.take_out(io);
        let (mut rest, packed) = io.writing.take();
        left.packed = packed;
        left.shrunk = self.pipe.take_shrunk();
        left.write_error = self.pipe.under_way().1;
        left.answer_len = io.answer.len();
        if left.answer_len > 0 {
            rest.splice(..0, std::mem::take(&mut io.answer));
        }
        left.unwritten = self.pipe.take_back(rest);
        left
    }

    /// Whether something has come that nobody has read.
    pub(in crate::threads) fn has_news(&self) -> bool {
        let io = self.io();
        self.pipe.waiting() != (0, false)
            || io
                .fd
                .is_some_and(|fd| peek_some(borrow(fd), &mut [0]) != Read::Empty)
    }

    /// Nothing is answered from now on, as somebody else writes.
    pub(in crate::threads) fn stop_answering(&self) {
        let mut io = self.io();
        self.stop_passing(&mut io);
        io.responder = None;
    }

    /// Calls `body` with what answers, if anything does.
    pub(in crate::threads) fn with_responder(&self, body: impl FnOnce(&mut dyn Responder)) {
        if let Some(responder) = &mut self.io().responder {
            body(&mut **responder);
        }
    }

    /// Nothing is answered as long as the owner reads nothing.
    pub(in crate::threads) fn set_paused(&self, is_paused: bool) {
        self.io().is_paused = is_paused;
    }

    /// For tests: the I/O thread panics when it next looks at it.
    pub(in crate::threads) fn panic_next(&self) {
        self.io().panics = true;
    }
}
