//! Sockets whose bytes are moved by I/O threads.

use ws_rs_engine::connection::Sent;
use ws_rs_engine::inbox::{Reader, Target};
use ws_rs_engine::outbox::Resized;
use ws_rs_engine::registry::Id;
use ws_rs_wire::{Left, Packed, Ready, Threaded};

use super::super::call::{Call, Outcome};
use super::super::environment::Entry;
use super::super::outbox::{with_wire, with_wire_at_once};
use super::listeners::Listener;
use super::pulses::resume_heartbeat;
use super::turn::Turn;
use super::{LoopSocket, LoopState, SCRATCH};
use crate::numbers::left;
use crate::numbers::source::NOWHERE;

/// What became of what an I/O thread had to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flushed {
    /// No thread has the socket.
    NoThread,
    /// The thread had nothing of the outbox's.
    Nothing,
    /// The kernel took a part at most; the rest waits in the outbox.
    Part,
    /// The kernel has all of it.
    All,
}

impl Entry {
    /// Takes the socket from its I/O thread, if it is on one, as nothing else is to be read or written
    /// there. The kernel gets what was sent, and what it does not take waits in the outbox. Returns
    /// what was read and nobody has taken.
    pub(crate) fn leave_thread(&mut self) -> Option<Left> {
        let mut left = self.socket.as_mut()?.leave_thread()?;
        self.put_back(&mut left);
        let (unseen, asked) = left.others;
        self.count_heartbeat(unseen, asked);
        self.inflated
            .leave(std::mem::take(&mut left.inflated), left.growth);
        self.answered.leave(std::mem::take(&mut left.questions));
        Some(left)
    }

    /// Whether an I/O thread has answered the next ping that is decoded.
    fn take_question(&mut self) -> bool {
        let thread = self.socket.as_ref().and_then(LoopSocket::threaded);
        self.answered
            .next_is_done(|| thread.is_some_and(Threaded::take_question))
    }

    /// Has the kernel take what was sent, now, if an I/O thread has it: what it does not take waits in the outbox.
    pub(crate) fn flush_thread(&mut self) -> Flushed {
        if self.connection.outbox().handed() > 0 {
            self.yield_thread()
        } else if self.is_threaded() {
            Flushed::Nothing
        } else {
            Flushed::NoThread
        }
    }

    /// As [`flush_thread`](Self::flush_thread), also of what the thread itself has begun to write.
    pub(crate) fn yield_thread(&mut self) -> Flushed {
        let Some(thread) = self.socket.as_ref().and_then(LoopSocket::threaded) else {
            return Flushed::NoThread;
        };
        let mut left = thread.flush();
        let has_all = left.unwritten.is_empty() && left.write_error.is_none();
        // If it has nothing of the outbox's, an error is for whoever writes next.
        if left.write_error.is_none() || self.connection.outbox().handed() > 0 {
            self.put_back(&mut left);
        }
        if has_all { Flushed::All } else { Flushed::Part }
    }

    /// Whether an I/O thread moves its bytes.
    pub(crate) fn is_threaded(&self) -> bool {
        self.socket.as_ref().is_some_and(LoopSocket::is_threaded)
    }

    /// Has the kernel take all that waits, now, past an I/O thread, unless it is known to be full.
    pub(crate) fn settle(&mut self) -> Sent {
        let flushed = self.flush_thread();
        let Self {
            connection, socket, ..
        } = self;
        match flushed {
            Flushed::NoThread => with_wire(socket.as_mut(), |wire| connection.settle(false, wire)),
            // The thread has nothing of it any more, so nobody else writes. One that was given as much as it holds is
            // for the outbox what a full kernel is: that has room now.
            flushed => with_wire_at_once(socket.as_mut(), |wire| {
                connection.settle(flushed == Flushed::All, wire)
            }),
        }
    }

    /// Learns what the I/O thread has written.
    pub(crate) fn note_progress(&mut self) {
        let Some(socket) = self.socket.as_ref().and_then(LoopSocket::threaded) else {
            return;
        };
        if socket.is_blocked() {
            // What waits for the kernel is the outbox's.
            self.flush_thread();
            return;
        }
        let (left, error) = socket.under_way();
        if let Some(error) = error {
            self.connection.fail_behind(left as u64, error);
            return;
        }
        self.connection.acknowledge(left as u64);
        let shrunk = socket.take_shrunk();
        self.connection.shrink(shrunk);
    }

    /// Learns how much an I/O thread has written, of its own as well: how long frames are that it has made, only that
    /// knows.
    pub(crate) fn note_written(&mut self) {
        self.note_heartbeat();
        if self.connection.outbox().handed() > 0 {
            self.note_progress();
        }
    }

    fn put_back(&mut self, left: &mut Left) {
        self.connection.shrink(left.shrunk);
        let packed: Vec<_> = left.packed.iter().map(resized).collect();
        match left.write_error {
            Some(error) => self.connection.fail_behind(left.lost as u64, error),
            None => self.connection.put_back(
                std::mem::take(&mut left.unwritten),
                left.answer_len,
                &packed,
            ),
        }
    }
}

const fn resized(packed: &Packed) -> Resized {
    Resized {
        at: packed.at as u64,
        from: packed.from as u64,
        to: packed.to as u64,
        written: packed.written as u64,
    }
}

/// `loopClose(id) -> number`: gives the socket back to Node; one that speaks TLS stays, for a stream that
/// reads nothing yet. The number is made of those of `left`.
pub(crate) fn loop_close(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let id = call.id(0)?;
    let Some(entry) = connections.get_mut(id) else {
        return call.number(0);
    };
    let left = entry.leave_thread();
    let event_loop = &call.state.event_loop;
    let socket = match &mut entry.socket {
        Some(socket) if socket.is_tls() => {
            if left.is_some()
                && let Some(reactor) = event_loop.reactor()
            {
                socket.watch_here(reactor, id);
            }
            socket.set_reader(event_loop, id, Reader::Nobody);
            None
        }
        _ => entry.socket.take(),
    };
    let is_tls = entry.socket.is_some();
    let was_watched = left.as_ref().is_some_and(|left| left.was_watched);
    let has_heartbeat = was_watched && resume_heartbeat(call.state, id, entry);
    drop(connections);
    if let Some(socket) = socket {
        event_loop.close(&call.state.values, socket);
    }
    // A session has it back, and meets the end by itself.
    let has_unread = left
        .filter(|left| !is_tls && left.has_unread())
        .is_some_and(|left| {
            // Node does not read yet, and nothing else may keep the loop alive.
            event_loop.reactor().is_some_and(|reactor| {
                reactor.reference();
                event_loop.unread.borrow_mut().push((id, left));
                true
            })
        });
    let mut answer = 0;
    if has_unread {
        answer |= left::UNREAD;
    }
    if has_heartbeat {
        answer |= left::HEARTBEAT;
    }
    call.number(answer)
}

/// `loopUnread(id)`: has `onUnread` called now.
pub(crate) fn loop_unread(call: &Call<'_>) -> Outcome {
    let ready = Ready {
        readable: true,
        ..Ready::nothing(call.id(0)?)
    };
    Turn::new(call.state, call.env, ready).hand_unread();
    call.undefined()
}

impl LoopState {
    /// What a thread has read of a socket that is Node's now.
    fn take_unread(&self, id: Id) -> Option<Left> {
        let mut unread = self.unread.borrow_mut();
        let index = unread.iter().position(|(other, _)| *other == id)?;
        if let Some(reactor) = self.reactor() {
            reactor.unreference();
        }
        Some(unread.swap_remove(index).1)
    }

    /// The connection ends.
    pub(crate) fn drop_unread(&self, id: Id) {
        self.take_unread(id);
    }
}

impl Turn<'_> {
    /// Hands over what a thread has read of a socket that is Node's now, in pieces, and then the system
    /// error number that is behind it, or 0.
    pub(super) fn hand_unread(&self) {
        let Some(left) = self.state.event_loop.take_unread(self.id) else {
            return;
        };
        // Without JavaScript, at the end of the environment, nobody is left to be told.
        let _ = self.hand_over(&left);
    }

    fn hand_over(&self, left: &Left) -> Outcome<()> {
        for piece in left.unread.chunks(SCRATCH) {
            // SAFETY: the bytes are used no more when the listener runs.
            let room = unsafe { self.memory(Target::Scratch(piece.len())) }?;
            room.bytes.copy_from_slice(piece);
            let source = room.source;
            if let Some(entry) = self.state.connections.borrow_mut().get_mut(self.id) {
                // Node's handle has not read it.
                let came = entry.inflated.came_undecoded_as(piece.len(), || 0);
                entry.connection.bytes_read += came as u64;
            }
            self.begin_rows(piece.len(), source)?;
            self.call_listener(Listener::Unread, piece.len() as i32)?;
        }
        self.begin_rows(0, NOWHERE)?;
        if left.is_dead {
            return self.call_listener(Listener::Dead, 0);
        }
        self.call_listener(Listener::Unread, -left.read_error.unwrap_or(0))
    }
}

/// `pingAnswered(id, length) -> boolean`: whether an I/O thread has answered the next ping that is decoded,
/// which has so many bytes. To be called for each, in their order.
pub(crate) fn ping_answered(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return call.number(0);
    };
    let was_answered = entry.take_question();
    if was_answered {
        entry.connection.count_pong(call.u32(1)?);
    }
    call.number(u32::from(was_answered))
}

/// `leavePings(id)`: pings that come from now on are JavaScript's to answer.
pub(crate) fn leave_pings(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let socket = connections
        .get_mut(call.id(0)?)
        .and_then(|entry| entry.socket.as_ref());
    if let Some(thread) = socket.and_then(LoopSocket::threaded) {
        thread.leave_questions();
    }
    call.undefined()
}

/// `loopSettle()`: has the kernel take what was sent on all sockets of I/O threads, now.
pub(crate) fn loop_settle(call: &Call<'_>) -> Outcome {
    for entry in call.state.connections.borrow_mut().iter_mut() {
        if entry.is_threaded() {
            entry.settle();
        }
    }
    call.undefined()
}
