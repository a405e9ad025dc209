//! One socket on the loop.

use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};

use super::super::outbox::EIO;
use super::turns::Turns;
use super::{LoopState, boxed};
use ws_rs_engine::inbox::{Decoder, Inbox, Reader};
use ws_rs_engine::outbox::Taken;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::PingResponder;
use ws_rs_wire::tls::Tls;
use ws_rs_wire::{Begin, Left, Move, Reactor, Socket, Stream, Threaded, Watched, Write};

/// A socket that is read here.
#[derive(Debug)]
pub(crate) struct LoopSocket {
    watched: Watched,
    /// How it is read, and for whom.
    pub(super) inbox: Inbox,
    /// The descriptor, unless a handle of Node's closes it. The last field: it is closed behind all else.
    own: Option<OwnedFd>,
}

impl LoopSocket {
    /// One that is watched already.
    pub(crate) const fn new(stream: Stream, inbox: Inbox) -> Self {
        Self::of(Watched::new(stream), inbox)
    }

    const fn of(watched: Watched, inbox: Inbox) -> Self {
        Self {
            watched,
            inbox,
            own: None,
        }
    }

    /// One that is yet to be opened, and is not watched before. A handle of Node's has the descriptor.
    pub(crate) const fn incoming(fd: RawFd) -> Self {
        let stream = Stream::Own(Socket::Plain(fd));
        Self::of(Watched::not_yet(stream), Inbox::for_handshake())
    }

    /// As [`incoming`](Self::incoming), of which nobody else has the descriptor.
    pub(crate) fn accepted(own: OwnedFd) -> Self {
        let mut socket = Self::incoming(own.as_raw_fd());
        socket.own = Some(own);
        socket
    }

    /// One that is yet to be opened speaks TLS from now on.
    pub(crate) fn speak_tls(&mut self, tls: Tls) {
        *self.stream_mut() = Stream::Own(Socket::Tls(Box::new(tls)));
    }

    pub(super) const fn stream(&self) -> &Stream {
        self.watched.stream()
    }

    pub(super) const fn stream_mut(&mut self) -> &mut Stream {
        self.watched.stream_mut()
    }

    /// A handle of Node's closes the descriptor from now on.
    pub(crate) fn give_descriptor(&mut self) {
        if let Some(own) = self.own.take() {
            if let Some(thread) = self.threaded() {
                thread.own_descriptor();
            }
            let _ = own.into_raw_fd();
        }
    }

    pub(crate) const fn descriptor(&self) -> RawFd {
        self.stream().descriptor()
    }

    /// What an I/O thread has of it, if one has.
    pub(crate) const fn threaded(&self) -> Option<&Threaded> {
        self.stream().threaded()
    }

    /// Whether an I/O thread moves its bytes.
    pub(crate) const fn is_threaded(&self) -> bool {
        self.stream().threaded().is_some()
    }

    /// Whether its I/O thread has inflated a compressed message.
    pub(crate) fn take_inflated(&self, number: u64) -> bool {
        self.threaded()
            .is_some_and(|thread| thread.take_inflated(number))
    }

    /// How many bytes more than came are to be read, as its I/O thread has inflated some, since the last call.
    pub(super) fn take_growth(&self) -> i64 {
        self.threaded().map_or(0, Threaded::take_growth)
    }

    /// Takes it from its I/O thread, if one has it, to be stopped.
    pub(super) fn leave_thread(&mut self) -> Option<Left> {
        self.stream_mut().leave_thread()
    }

    /// Writes what the kernel takes now.
    pub(crate) fn write(&mut self, slices: &[&[u8]]) -> Taken {
        if !self.watched.takes_writes() {
            return Taken::Blocked;
        }
        let write = self.stream_mut().write(slices);
        self.taken(write)
    }

    /// As [`write`](Self::write), and past an I/O thread, if that has nothing else to write.
    pub(crate) fn write_at_once(&mut self, slices: &[&[u8]]) -> Taken {
        let write = self.stream_mut().write_at_once(slices);
        self.taken(write)
    }

    fn taken(&self, write: Write) -> Taken {
        // Nearly always. A jump by a table is guessed wrong behind a system call.
        if let Write::Bytes(len) = write {
            return Taken::Bytes(len);
        }
        match write {
            Write::Bytes(len) => Taken::Bytes(len),
            Write::Handed(len) => Taken::Handed(len),
            Write::Full => Taken::Blocked,
            Write::Failed(error) => match self.threaded() {
                Some(thread) => Taken::FailedBehind(error, thread.under_way().0 as u64),
                None => Taken::Failed(error),
            },
        }
    }

    /// The TLS that it speaks, if it does, and no I/O thread has it.
    pub(crate) const fn tls(&mut self) -> Option<&mut Tls> {
        self.stream_mut().tls()
    }

    /// Whether it speaks TLS, on whatever thread.
    pub(crate) const fn is_tls(&self) -> bool {
        self.stream().is_tls()
    }

    /// Calls `body` with the TLS that it speaks, if it does.
    pub(crate) fn with_tls<T>(&mut self, body: impl FnOnce(&mut Tls) -> T) -> Option<T> {
        self.stream_mut().with_tls(body)
    }

    /// Writes all that a stream gives over TLS; `false`: the stream is told when the kernel has it, and gives
    /// nothing then, to hear whether that is so.
    pub(crate) fn write_tls(
        &mut self,
        state: &LoopState,
        id: Id,
        bytes: &[u8],
    ) -> Result<bool, i32> {
        self.watched.write_for_stream(state.reactor(), id, bytes)
    }

    /// How it is read from now on.
    pub(crate) const fn set_inbox(&mut self, inbox: Inbox) {
        self.inbox = inbox;
    }

    /// Has the kernel take what waits to be written, as far as it does; returns why it takes no more.
    pub(crate) fn flush(&mut self) -> Option<i32> {
        match self.stream_mut().flush() {
            Write::Failed(error) => Some(error),
            _ => self.threaded().and_then(|thread| thread.under_way().1),
        }
    }

    /// As [`flush`](Self::flush), as there is room; returns whether a stream waited for that.
    pub(crate) fn flush_for_stream(&mut self, state: &LoopState) -> bool {
        let error = self.flush();
        self.watched.flushed(state.reactor(), error)
    }

    /// How many bytes were taken that `write` has not reported yet.
    pub(crate) fn committed(&self) -> usize {
        self.stream().committed()
    }

    /// As [`committed`](Self::committed), which now count as reported.
    pub(crate) fn take_committed(&mut self) -> usize {
        self.stream_mut().take_committed()
    }

    /// Whether it was said that the peer sends no more.
    pub(super) const fn has_ended(&self) -> bool {
        self.watched.is_over()
    }

    /// Whether nothing that comes is read for now.
    pub(crate) const fn is_paused(&self) -> bool {
        self.inbox.is_paused()
    }

    /// Whether something has come, or the end, of which nobody was told yet.
    pub(crate) fn has_news(&self) -> bool {
        self.watched.is_watched() && self.stream().has_news()
    }

    /// Notes a read of the connection `id`, and how much has come behind it if messages of it are about to be
    /// handed out. Returns whether anything has.
    pub(super) fn note_read(
        &mut self,
        (state, id): (&LoopState, Id),
        (len, asked): (usize, usize),
        hands_out: bool,
    ) -> bool {
        self.inbox.was_read(len, asked);
        let rest = self.inbox.rest_of_slice();
        let behind = if hands_out && rest > 0 {
            self.stream().behind().min(rest)
        } else {
            0
        };
        state.note_behind(id, behind);
        behind > 0
    }

    /// What comes is the connection's from now on, on one of so many threads if there are any; `false`: that
    /// cannot be.
    pub(crate) fn open(
        &mut self,
        state: &LoopState,
        (id, inbox): (Id, Inbox),
        threads: usize,
        responder: PingResponder,
    ) -> bool {
        let was_watched = self.watched.is_watched();
        let how = if threads > 0 {
            Begin::Other
        } else {
            Begin::Reader
        };
        if !self.await_request(state, id, how)
            || (threads > 0 && !self.move_to_thread(state, id, threads, Some(responder)))
        {
            return false;
        }
        self.inbox = inbox;
        if threads == 0
            && !self.is_writing()
            && let Some(reactor) = state.reactor()
        {
            reactor.watch_reader(self.descriptor());
        }
        // Of one that was not watched there will be word of all that is there to read.
        if was_watched {
            self.set_reader(state, id, Reader::Connection);
        }
        true
    }

    /// Has one of so many threads, if there are any, read and write it from now on, for the connection `id`;
    /// `false`: none does, and everything is as it was.
    pub(crate) fn move_to_thread(
        &mut self,
        state: &LoopState,
        id: Id,
        threads: usize,
        responder: Option<PingResponder>,
    ) -> bool {
        let Some(reactor) = state.reactor() else {
            return false;
        };
        let how = Move {
            id,
            is_local: false,
            threads,
            // A handle of Node's does, when a worker is terminated, without a word.
            others_may_close: self.own.is_none(),
            responder: boxed(responder),
        };
        threads > 0
            && self.watched.is_watched()
            && self
                .watched
                .move_to_thread(|socket| reactor.move_to_thread(socket, how))
    }

    /// No thread has it any more: it is watched here. If that cannot be, it has failed.
    pub(super) fn watch_here(&mut self, reactor: &Reactor<Turns>, id: Id) {
        if let Err(error) = self.watched.watch_here(reactor, id) {
            let error = error.raw_os_error().unwrap_or(EIO);
            self.with_tls(|tls| tls.fail(error));
        }
    }

    /// Whether its request is yet to come: nothing is read then, and JavaScript is told once.
    pub(crate) const fn awaits_request(&self) -> bool {
        matches!(self.inbox.reader(), Reader::Handshake)
    }

    /// Whether a stream of Node's has what comes, decrypted here.
    pub(crate) const fn feeds_stream(&self) -> bool {
        matches!(self.inbox.reader(), Reader::Stream | Reader::Nobody)
    }

    /// Has somebody told as soon as something comes, once; `false`: that cannot be.
    pub(crate) fn await_request(&mut self, state: &LoopState, id: Id, how: Begin) -> bool {
        self.watched.begin(state.reactor(), id, how)
    }

    /// Has it told, or no more, when there is room to write.
    pub(crate) fn watch_writable(&mut self, state: &LoopState, writable: bool) {
        self.watched.want_room(state.reactor(), writable);
    }

    /// Whether it waits for room to write.
    pub(crate) const fn is_writing(&self) -> bool {
        self.watched.wants_room()
    }

    pub(super) fn set_referenced(&mut self, reactor: &Reactor<Turns>, referenced: bool) {
        self.watched.set_referenced(reactor, referenced);
    }

    /// Reads no more. What an I/O thread has of it is to be taken before; see `threads.rs`.
    pub(super) fn stop(&mut self, reactor: &Reactor<Turns>) {
        self.watched.stop(reactor);
    }

    /// Nobody wants what there is to read, as long as it is not asked for again.
    pub(super) fn leave_unread(&mut self, reactor: &Reactor<Turns>) {
        self.watched.leave_unread(reactor);
    }

    /// Asks to be told again, as not all was read.
    pub(super) fn rearm(&self, reactor: &Reactor<Turns>, id: Id) {
        self.watched.rearm(reactor, id);
    }

    pub(super) fn set_decoder(&mut self, reactor: &Reactor<Turns>, id: Id, decoder: Decoder) {
        if self.inbox.set_decoder(decoder) {
            self.rearm(reactor, id);
        }
    }

    pub(super) fn set_paused(&mut self, reactor: &Reactor<Turns>, id: Id, paused: bool) {
        self.inbox.set_paused(paused);
        if let Some(thread) = self.stream().threaded() {
            thread.set_paused(paused);
        }
        if !paused {
            self.rearm(reactor, id);
        }
    }

    /// Who gets what comes from now on.
    pub(crate) fn set_reader(&mut self, state: &LoopState, id: Id, reader: Reader) {
        self.inbox.set_reader(reader);
        if reader != Reader::Nobody
            && let Some(reactor) = state.reactor()
        {
            self.watched.read_on(reactor, id);
        }
    }

    /// Reads no more, as there is no more. What the kernel takes is still written. Returns `false` if that was
    /// known: it is watched for a stream alone that waits for room.
    pub(super) fn end(&mut self, state: &LoopState, id: Id) -> bool {
        self.watched.end(state.reactor(), id)
    }
}
