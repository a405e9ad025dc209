//! A socket on an I/O thread, for whom it belongs to.

use std::os::fd::RawFd;
use std::sync::Arc;

use super::line::{Left, Line};
use super::pipe::{END, End, Put, READ, WRITE};
use super::pulse::{NewPulses, Terms};
use super::ready::Ready;
use super::responder::Responder;
use super::worker::Desk;
use super::writing::Pack;
use crate::read::Read;
use crate::socket::Socket;
use crate::tls::Tls;
use crate::write::Write;

/// Reads what a thread has read, and gives it what it is to write. Dropped, it takes the socket from
/// the thread: nothing of it is read or written there any more.
#[derive(Debug)]
pub struct Threaded {
    fd: RawFd,
    is_tls: bool,
    line: Arc<Line>,
    desk: Arc<Desk>,
    ready: Arc<Ready>,
    /// What was taken from the thread, ...
    bytes: Vec<u8>,
    /// ... and how much of it is read.
    start: usize,
    is_gone: bool,
}

impl Threaded {
    pub(super) const fn new(
        (fd, is_tls): (RawFd, bool),
        line: Arc<Line>,
        desk: Arc<Desk>,
        ready: Arc<Ready>,
    ) -> Self {
        Self {
            fd,
            is_tls,
            line,
            desk,
            ready,
            bytes: Vec::new(),
            start: 0,
            is_gone: false,
        }
    }

    pub(crate) const fn descriptor(&self) -> RawFd {
        self.fd
    }

    pub(crate) const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// Others may close the descriptor from now on: the thread gets one of its own. Without room for that the
    /// connection ends.
    pub fn own_descriptor(&self) {
        let news = self.line.make_own(self.desk.registry());
        if news != 0 {
            self.tell(news);
        }
    }

    /// Reads what there is; less than there is room for means that there is no more for now.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Read {
        let mut len = 0;
        while len < room.len() {
            if self.start == self.bytes.len() {
                self.start = 0;
                let (end, goes_on) = self.line.pipe.take_in(&mut self.bytes);
                if goes_on {
                    self.desk.attend(Arc::clone(&self.line));
                }
                if self.bytes.is_empty() {
                    match end {
                        _ if len > 0 => break,
                        None => return Read::Empty,
                        Some(End::Peer) => return Read::End,
                        Some(End::Failed(error)) => return Read::Failed(error),
                        Some(End::Broken) => return Read::Broken,
                        Some(End::Dead) => return Read::Dead,
                    }
                }
            }
            let rest = &self.bytes[self.start..];
            let step = rest.len().min(room.len() - len);
            room[len..len + step].copy_from_slice(&rest[..step]);
            len += step;
            self.start += step;
            if self.start == self.bytes.len() {
                // An idle connection keeps none.
                self.bytes = Vec::new();
                self.start = 0;
            }
        }
        Read::Bytes(len)
    }

    /// How many bytes have come and were not read.
    pub(crate) fn waiting(&self) -> usize {
        self.bytes.len() - self.start + self.line.pipe.waiting().0
    }

    /// Whether something has come, or the end, which nobody has read.
    pub(crate) fn has_news(&self) -> bool {
        self.start < self.bytes.len() || self.line.has_news()
    }

    /// Hands over what there is room for.
    pub(crate) fn write(&self, slices: &[&[u8]]) -> Write {
        self.handed(self.line.pipe.put_out(slices))
    }

    /// Hands over a frame whose real bytes `pack` makes of `first` and `payload`, if there is room for
    /// all of it.
    #[must_use]
    pub fn write_packed(&self, first: u8, payload: &[u8], pack: Arc<dyn Pack>) -> Write {
        self.handed(self.line.pipe.put_parcel(first, payload, pack))
    }

    /// How many bytes less were written than was handed over, since the last call.
    #[must_use]
    pub fn take_shrunk(&self) -> i64 {
        self.line.pipe.take_shrunk()
    }

    /// Whether the thread has inflated the compressed message of this number, which the owner decodes now.
    #[must_use]
    pub fn take_inflated(&self, number: u64) -> bool {
        self.line.pipe.take_inflated(number)
    }

    /// How many bytes more were read than the peer has sent, since the last call.
    #[must_use]
    pub fn take_growth(&self) -> i64 {
        self.line.pipe.take_growth()
    }

    /// Calls `body` with what answers questions, if anything does.
    pub fn with_responder(&self, body: impl FnOnce(&mut dyn Responder)) {
        self.line.with_responder(body);
    }

    /// The thread inflates nothing any more: what comes reaches the owner as the peer has sent it.
    pub fn pass_as_it_is(&self) {
        self.line.pass_as_it_is();
    }

    /// Writes at once, unless the thread has something to write before that.
    pub(crate) fn write_at_once(&self, slices: &[&[u8]]) -> Write {
        self.line
            .write_now(slices)
            .unwrap_or_else(|| self.write(slices))
    }

    /// Whether bytes were handed over that the kernel does not take for now.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.line.pipe.is_blocked()
    }

    /// Has the owner told of it again: as readable if it is, and, if `writable`, as soon as there is
    /// room to write.
    pub fn rearm(&self, writable: bool) {
        let (len, has_ended) = self.line.pipe.waiting();
        if len > 0 || has_ended || self.start < self.bytes.len() {
            self.tell(if has_ended { READ | END } else { READ });
        }
        self.want_room(writable);
    }

    /// Has the owner told as soon as there is room to write, or no more.
    pub fn want_room(&self, wanted: bool) {
        if self.line.pipe.want_room(wanted) {
            self.tell(WRITE);
        }
    }

    /// Has the owner told when more of what was handed over is written.
    pub fn want_word(&self) {
        if self.line.pipe.want_word() {
            self.tell(WRITE);
        }
    }

    /// How many of the bytes that were handed over are not written yet and, if they never will be, why: a system error
    /// number.
    #[must_use]
    pub fn under_way(&self) -> (usize, Option<i32>) {
        self.line.pipe.under_way()
    }

    /// Has the kernel take what was handed over, now. What it does not take comes back.
    #[must_use]
    pub fn flush(&self) -> Left {
        self.line.flush()
    }

    /// Takes the socket from its thread.
    pub(crate) fn leave(&mut self) -> Left {
        self.is_gone = true;
        let mut left = self.line.leave(self.desk.registry());
        self.desk.forget(Arc::clone(&self.line));
        if self.start < self.bytes.len() {
            let mut unread = self.bytes.split_off(self.start);
            unread.append(&mut left.unread);
            left.unread = unread;
        }
        self.bytes = Vec::new();
        self.start = 0;
        if let Some(Socket::Tls(tls)) = &mut left.socket {
            // The next read gives that first, and meets the session's end by itself.
            tls.put_back(std::mem::take(&mut left.unread));
            left.read_error = None;
        }
        if left.has_unread() {
            // The kernel tells of it no more.
            self.tell(READ);
        }
        left
    }

    /// Whether the thread has answered the next question that is read.
    #[must_use]
    pub fn take_question(&self) -> bool {
        self.line.pipe.take_question()
    }

    /// The thread answers nothing any more, as somebody else writes.
    pub fn stop_answering(&self) {
        self.line.stop_answering();
    }

    /// What the peer asks from now on is the owner's to answer.
    pub fn leave_questions(&self) {
        self.line.leave_questions();
    }

    /// The thread answers nothing as long as nothing is read.
    pub fn set_paused(&self, is_paused: bool) {
        self.line.set_paused(is_paused);
    }

    /// Has the thread look after the peer, with what `pulses` makes for it.
    pub fn watch(&self, terms: Terms, pulses: NewPulses) {
        self.line.watch(terms);
        self.desk.watch(Arc::clone(&self.line), pulses);
    }

    /// The thread does not look after the peer any more, from now on.
    pub fn unwatch(&self) {
        self.line.unwatch();
    }

    /// Whether anything knows what is answered, and asked.
    #[must_use]
    pub fn has_responder(&self) -> bool {
        let mut is_there = false;
        self.line.with_responder(|_| is_there = true);
        is_there
    }

    /// Whether the thread looks after the peer.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        self.line.is_watched()
    }

    /// Since the last call: how many bytes have come that answered questions of the thread's, which the owner does not
    /// get, and how many bytes of such questions were written.
    #[must_use]
    pub fn take_others(&self) -> (usize, usize) {
        self.line.pipe.take_others()
    }

    /// Says that nothing more will be written, behind what the kernel takes now of what was handed over.
    pub(crate) fn shut_down(&self) {
        let news = self.line.shut_down();
        if news != 0 {
            self.tell(news);
        }
    }

    /// Calls `body` with its TLS session, if it has one.
    pub(crate) fn with_tls<T>(&self, body: impl FnOnce(&mut Tls) -> T) -> Option<T> {
        self.line.with_tls(body)
    }

    /// Whether records wait for the kernel to take them.
    pub(crate) fn has_backlog(&self) -> bool {
        self.is_tls && self.line.has_backlog()
    }

    /// Plaintext that is in records, and was not reported as written.
    pub(crate) fn committed(&self) -> usize {
        if !self.is_tls {
            return 0;
        }
        self.line.with_tls(|tls| tls.committed()).unwrap_or(0)
    }

    /// Plaintext that is in records, and was not reported as written; it counts as written now.
    pub(crate) fn take_committed(&self) -> usize {
        self.line.with_tls(Tls::take_committed).unwrap_or(0)
    }

    /// Writes bytes of a stream over TLS; `false`: some of their records wait for the kernel.
    ///
    /// # Errors
    /// A system error number.
    pub(crate) fn write_tls(&self, bytes: &[u8]) -> Result<bool, i32> {
        self.line.write_tls(bytes)
    }

    /// For tests: its thread panics.
    pub fn panic(&self) {
        self.line.panic_next();
        self.desk.attend(Arc::clone(&self.line));
    }

    /// Something was put: the thread is told, if it does not know.
    fn handed(&self, put: Put) -> Write {
        match put {
            Put::Full => Write::Full,
            Put::Failed(error) => Write::Failed(error),
            Put::Bytes(len, is_news) => {
                if is_news {
                    self.desk.attend(Arc::clone(&self.line));
                }
                Write::Handed(len)
            }
        }
    }

    fn tell(&self, news: u8) {
        if self.line.pipe.tell(news) && self.ready.post(Arc::clone(&self.line)) {
            self.ready.ring();
        }
    }
}

impl Drop for Threaded {
    fn drop(&mut self) {
        if !self.is_gone {
            self.leave();
        }
    }
}
