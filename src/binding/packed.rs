//! Messages that an I/O thread inflates and deflates.

use std::any::Any;
use std::sync::Arc;

use ws_rs_engine::compression::Task;
use ws_rs_engine::connection::{Passage, Sent};
use ws_rs_wire::Write;

use super::call::{Call, Outcome};
use super::compression::limit_of;
use super::environment::{Entry, Environment};
use super::event_loop::{Answers, Deflating, Inflating, LoopSocket};
use super::outbox::{after_write, with_wire};
use crate::numbers::flag::TRACK;
use crate::numbers::sent::{NOT_PACKED, WRITTEN};

/// `queuePacked(id, payload, flags, codec, reset) -> what became of it`: as `queueBytes`, of a whole
/// message that the connection's I/O thread is to compress. `NOT_PACKED`: somebody else is to compress it.
pub(crate) fn queue_packed(call: &Call<'_>) -> Outcome {
    let payload = call.bytes(1)?;
    let flags = call.u32(2)?;
    let state = call.state;
    let mut connections = state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return call.number(NOT_PACKED);
    };
    if !may_pass(state, entry) {
        return call.number(NOT_PACKED);
    }
    let (codec, reset) = (call.id(3)?, call.bool(4)?);
    let Some(thread) = entry.socket.as_ref().and_then(LoopSocket::threaded) else {
        return call.number(NOT_PACKED);
    };
    let Some(coder) = state.compression.prepare(codec, reset) else {
        return call.number(NOT_PACKED);
    };
    let task = Task::message(reset, usize::MAX);
    let pack = Arc::new(Deflating { coder, task });
    // SAFETY: no JavaScript runs in this call, and the payload is only read.
    let payload = unsafe { payload.steady(call.env, call.value(1)) };
    let Write::Handed(len) = thread.write_packed(flags as u8, &payload, pack) else {
        state.compression.unprepare(codec);
        return call.number(NOT_PACKED);
    };
    let shrunk = thread.take_shrunk();
    entry.connection.shrink(shrunk);
    entry.connection.hand_over(len as u64, flags & TRACK != 0);
    let connection = &entry.connection;
    connection.count_message(Sent::Written, flags as u8, payload.len());
    after_write(state, entry, Sent::Written);
    drop(connections);
    state.compression.report(call)?;
    if flags & TRACK == 0 {
        return call.undefined();
    }
    call.number(WRITTEN)
}

/// Whether a frame may go past the outbox to an I/O thread. What waits in there goes before, if the thread takes it.
fn may_pass(state: &Environment, entry: &mut Entry) -> bool {
    match entry.connection.passage() {
        Passage::Open => true,
        Passage::Behind if entry.is_threaded() => {
            let Entry {
                connection, socket, ..
            } = &mut *entry;
            let sent = with_wire(socket.as_mut(), |wire| connection.write(wire));
            after_write(state, entry, sent);
            entry.connection.passage() == Passage::Open
        }
        Passage::Behind | Passage::Closed => false,
    }
}

/// `inflateOnThread(id, codec, reset, limit)`: has the connection's I/O thread inflate short messages from
/// now on, if it knows what passes.
pub(crate) fn inflate_on_thread(call: &Call<'_>) -> Outcome {
    let reset = call.bool(2)?;
    let limit = call.f64(3)?;
    let mut connections = call.state.connections.borrow_mut();
    if let Some(entry) = connections.get_mut(call.id(0)?)
        && let Some(thread) = entry.socket.as_ref().and_then(LoopSocket::threaded)
        && let Some(coder) = call.state.compression.coder(call.id(1)?)
    {
        let task = Task::message(reset, limit_of(limit));
        entry.inflated.begin();
        thread.with_responder(|responder| {
            let responder: &mut dyn Any = responder;
            if let Some(Answers(responder)) = responder.downcast_mut() {
                responder.set_inflate(Box::new(Inflating { coder, task }));
            }
        });
    }
    call.undefined()
}

/// `inflateHere(id)`: has JavaScript inflate what its I/O thread has not read yet.
pub(crate) fn inflate_here(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let socket = connections
        .get_mut(call.id(0)?)
        .and_then(|entry| entry.socket.as_ref());
    if let Some(thread) = socket.and_then(LoopSocket::threaded) {
        thread.pass_as_it_is();
    }
    call.undefined()
}
