//! Who writes what waits in an outbox, when, and what became of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ws_rs_engine::connection::{Sent, Wire};
use ws_rs_engine::outbox::Fate;
use ws_rs_engine::registry::Id;
use ws_rs_engine::schedule::goes_past_threads;

use super::call::{Call, Fault, Outcome};
use super::environment::{Entry, Environment};
use super::event_loop::LoopSocket;
use crate::clock::{self, Mark};
use crate::numbers::fate;

/// What a connection fails with that could not be written to for a fault of ours: "I/O error".
pub(crate) const EIO: i32 = 5;

/// Calls `body` with what writes to the socket, if there is one.
pub(crate) fn with_wire<T>(socket: Option<&mut LoopSocket>, body: impl FnOnce(Wire<'_>) -> T) -> T {
    match socket {
        Some(socket) => body(Some(&mut |slices| socket.write(slices))),
        None => body(None),
    }
}

/// As `with_wire`, past the I/O thread that the socket may be on, if that has nothing else to write.
pub(super) fn with_wire_at_once<T>(
    socket: Option<&mut LoopSocket>,
    body: impl FnOnce(Wire<'_>) -> T,
) -> T {
    match socket {
        Some(socket) => body(Some(&mut |slices| socket.write_at_once(slices))),
        None => body(None),
    }
}

/// As `with_wire`, for what a program sends: some of that is written at once, on whatever thread.
pub(super) fn with_wire_of_program<T>(
    state: &Environment,
    socket: Option<&mut LoopSocket>,
    body: impl FnOnce(Wire<'_>) -> T,
) -> T {
    let writes_at_once = |socket: &LoopSocket| {
        let schedule = state.schedule.borrow();
        schedule.writes_at_once(state.at_once.get(), socket.is_threaded())
    };
    match socket {
        Some(socket) if writes_at_once(socket) => body(Some(&mut |slices| {
            state.at_once.set(state.at_once.get().with_one_more());
            socket.write_at_once(slices)
        })),
        socket => with_wire(socket, body),
    }
}

/// As `with_wire`, where so many bytes are next of a frame that many have: they may go from where they lie to the
/// kernel, on this thread.
pub(super) fn with_wire_of_many<T>(
    socket: Option<&mut LoopSocket>,
    len: usize,
    body: impl FnOnce(Wire<'_>) -> T,
) -> T {
    match socket {
        Some(socket) if socket.is_threaded() && goes_past_threads(len, socket.is_tls()) => {
            with_wire_at_once(Some(socket), body)
        }
        socket => with_wire(socket, body),
    }
}

/// Whether frames have waited long enough for others; they may for longer in the middle of a chunk.
pub(crate) fn is_overdue(state: &Environment, in_chunk: bool) -> bool {
    let is_fresh = || state.waiting_since.get().is_fresh();
    let schedule = state.schedule.borrow();
    schedule.is_overdue(in_chunk, is_fresh, clock::now)
}

/// As [`is_overdue`], between two turns, for who knows what time it is.
#[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
pub(crate) fn is_overdue_at(state: &Environment, now: Mark) -> bool {
    let is_fresh = || state.waiting_since.get().is_fresh_at(now);
    let schedule = state.schedule.borrow();
    schedule.is_overdue(false, is_fresh, clock::now)
}

/// Writes what waits in the outboxes of connections; `attend` is called with those that JavaScript
/// has to look at.
pub(crate) fn write_waiting(state: &Environment, mut attend: impl FnMut(Id)) {
    let list = state.schedule.borrow_mut().take_waiting();
    for (index, id) in list.iter().enumerate() {
        if let Some(next) = list.get(index + 1) {
            state.connections.borrow().prefetch(*next);
        }
        if needs_attention(state, *id) {
            attend(*id);
        }
    }
    state.written_at.set(Mark::now());
    state.schedule.borrow_mut().give_back(list);
}

/// Writes what waits in one outbox; returns whether JavaScript has to look at it.
pub(crate) fn needs_attention(state: &Environment, id: Id) -> bool {
    let mut connections = state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(id) else {
        return false;
    };
    let is_threaded = entry.is_threaded();
    let write = AssertUnwindSafe(|| {
        if is_threaded {
            entry.note_progress();
        }
        let Entry {
            connection, socket, ..
        } = &mut *entry;
        let shared = connection.outbox().next_shared();
        with_wire_of_many(socket.as_mut(), shared, |wire| {
            connection.write_waiting(wire)
        })
    });
    let (sent, attend) = catch_unwind(write).unwrap_or_else(|_| {
        // The message went to stderr. It is the end of this connection, and of no other.
        entry.connection.fail(EIO);
        (Sent::Failed, true)
    });
    settle(state, entry, sent);
    // Of a thread's errors nothing else says.
    attend || (is_threaded && entry.connection.write_error().is_some())
}

/// Has the socket wait for room to write if there is none, and memory go round.
pub(crate) fn after_write(state: &Environment, entry: &mut Entry, sent: Sent) {
    if sent.has_left() {
        state.written_at.set(Mark::now());
    }
    settle(state, entry, sent);
}

/// As [`after_write`], for who notes the time itself.
fn settle(state: &Environment, entry: &mut Entry, sent: Sent) {
    if sent == Sent::Written
        && let Some(buffer) = entry.connection.take_spare()
    {
        state.recycle(buffer);
    }
    let Entry {
        connection, socket, ..
    } = entry;
    let Some(socket) = socket else {
        return;
    };
    if sent == Sent::Blocked {
        connection.own(|| socket.committed());
    }
    if let Some(wants_room) = sent.wants_room() {
        socket.watch_writable(&state.event_loop, wants_room);
    }
    if let Some(thread) = socket.threaded()
        && connection.outbox().waits_for_word()
    {
        thread.want_word();
    }
}

/// `endTick(isOver) -> ids`: the tick ends, or comes to a pause: what waits is written. Returns an
/// array of those connections that have to be looked at, if there are any.
pub(crate) fn end_tick(call: &Call<'_>) -> Outcome {
    let state = call.state;
    if call.bool(0)? {
        state.at_once.set(state.at_once.get().next_tick());
        state.schedule.borrow_mut().end_awaited_tick();
    }
    let mut ids = Vec::new();
    write_waiting(state, |id| ids.push(id));
    if ids.is_empty() {
        return call.undefined();
    }
    let ids: Outcome<Vec<_>> = ids.iter().map(|id| call.double(*id as f64)).collect();
    call.array(&ids?)
}

/// `exitTicks(exits)`: the process exits, so nothing waits for the end of a tick; or it goes on all the same.
pub(crate) fn exit_ticks(call: &Call<'_>) -> Outcome {
    let exits = call.bool(0)?;
    call.state.schedule.borrow_mut().set_exits(exits);
    if exits && let Some(stage) = call.state.stage.get() {
        stage.open(0);
    }
    call.undefined()
}

/// `flushOutbox(id)`: writes what waits, if it is not the stream's to write.
pub(crate) fn flush_outbox(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    if let Some(entry) = connections.get_mut(call.id(0)?) {
        let Entry {
            connection, socket, ..
        } = &mut *entry;
        let shared = connection.outbox().next_shared();
        let sent = with_wire_of_many(socket.as_mut(), shared, |wire| connection.write(wire));
        after_write(call.state, entry, sent);
    }
    call.undefined()
}

/// `settleOutbox(id)`: as `flushOutbox`, unless the kernel is known to be full. What it has not taken then
/// waits here: an I/O thread has nothing of it.
pub(crate) fn settle_outbox(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return call.undefined();
    };
    let sent = entry.settle();
    after_write(call.state, entry, sent);
    call.undefined()
}

/// `setWriter(id, isNative) -> boolean`: who writes from now on what waits in the outbox. `true`: an I/O
/// thread has looked after the peer, which is the environment's to do again; `heartbeatNews` says when.
pub(crate) fn set_writer(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let is_native = call.bool(1)?;
    let mut has_heartbeat = false;
    let mut connections = call.state.connections.borrow_mut();
    if let Some(entry) = connections.get_mut(id) {
        if !is_native && let Some(thread) = entry.socket.as_ref().and_then(LoopSocket::threaded) {
            thread.stop_answering();
        }
        has_heartbeat = !is_native && entry.reclaim_heartbeat(call.state, id);
        if is_native {
            entry.flush_thread();
        } else {
            // The rest of a pong comes before what a stream writes.
            entry.yield_thread();
            // The stream is not to get again what the wire will write.
            if let Some(socket) = &mut entry.socket {
                entry.connection.report_committed(socket.take_committed());
            }
        }
        entry
            .connection
            .set_writes(is_native && entry.socket.is_some());
        if let Some(socket) = &mut entry.socket {
            socket.watch_writable(&call.state.event_loop, false);
        }
    }
    call.number(u32::from(has_heartbeat))
}

/// `takeQueued(id, target) -> boolean`: moves what waits to the target, which is as long. `false`:
/// a payload was taken away, and everything is lost.
pub(crate) fn take_queued(call: &Call<'_>) -> Outcome {
    let target = call.bytes(1)?;
    let mut connections = call.state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return call.number(1);
    };
    let Some(bytes) = entry.connection.take_all() else {
        return call.number(0);
    };
    if target.len != bytes.len() {
        return Err(Fault::Message(
            "ws-rs: the target is not as long as the queue",
        ));
    }
    target.write(0, &bytes);
    call.state.recycle(bytes);
    call.number(1)
}

/// `discardOutbox(id)`: what waits is lost, and the peer is not asked anything any more.
pub(crate) fn discard_outbox(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(id) {
        entry.flush_thread();
        entry.connection.discard();
        entry.rest_heartbeat();
    }
    call.state.heartbeats.borrow_mut().rest(id);
    call.undefined()
}

/// `nextFates(id) -> number`: how many tracked frames in a row had the same fate, times four, plus
/// 0 written, 1 lost or 2 payload taken away; 0 if no more is known.
pub(crate) fn next_fates(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return call.number(0);
    };
    let Some(fate) = entry.connection.poll_fate() else {
        return call.number(0);
    };
    let mut count = 1;
    while entry.connection.poll_fate_if(fate) {
        count += 1;
    }
    let kind = match fate {
        Fate::Written => fate::WRITTEN,
        Fate::Lost => fate::LOST,
        Fate::TakenAway => fate::TAKEN_AWAY,
    };
    call.number(count << fate::BITS | kind)
}
