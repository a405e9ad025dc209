//! What the owner of a socket does with it on its own thread, past the I/O thread.

use mio::Registry;

use super::{Io, Left, Line};
use crate::socket::Socket;
use crate::threads::pipe::End;
use crate::threads::responder::Responder;

impl Line {
    /// Gives the kernel what waits, now, and takes back what it does not take.
    pub(in crate::threads) fn flush(&self) -> Left {
        self.flush_with(&mut self.io())
    }

    /// As [`flush`](Self::flush), and takes the socket: no other thread reads or writes it when this
    /// has returned.
    pub(in crate::threads) fn leave(&self, registry: &Registry) -> Left {
        let mut io = self.io();
        let mut left = self.flush_with(&mut io);
        left.socket = io.take_socket(registry);
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
        if self.pipe.under_way().0 > 0 || !io.answer.is_empty() {
            // The kernel may have room again.
            io.writable = true;
            self.write(io);
        }
        // What is to be packed is packed here: the outbox has no packer.
        self.take_out(io);
        let (mut rest, packed) = io.writing.take();
        left.packed = packed;
        left.shrunk = self.pipe.take_shrunk();
        let (under_way, error) = self.pipe.under_way();
        left.write_error = error;
        left.lost = if error.is_some() { under_way } else { 0 };
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
        self.pipe.waiting() != (0, false) || io.socket.as_ref().is_some_and(Socket::has_news)
    }

    /// Nothing is answered from now on, as somebody else writes.
    pub(in crate::threads) fn stop_answering(&self) {
        let mut io = self.io();
        self.stop_passing(&mut io);
        io.responder = None;
    }

    /// Nothing is inflated any more; questions are answered as before.
    pub(in crate::threads) fn pass_as_it_is(&self) {
        self.stop_passing(&mut self.io());
    }

    /// What is asked from now on is the owner's to answer.
    pub(in crate::threads) fn leave_questions(&self) {
        self.io().leaves_questions = true;
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
