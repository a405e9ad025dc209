//! Bytes in, events out.

use ws_rs_protocol::{self as protocol, ErrorClass, ErrorKind, Input, Role};

use ws_rs_engine::connection::{self, WriteError};
use ws_rs_engine::decoding::{Sink, decode};

use super::buffer::Scope;
use super::call::{Bytes, Call, Fault, Outcome};
use super::config::read_config;
use super::environment::Entry;
use super::events::kind_of;
use super::pongs::Pongs;
use super::rows::Stored;
use crate::numbers::counter;
use crate::numbers::row::WHOLE;

/// `connectionCreate(isServer, maxPayload, maxFragments, maxBufferedChunks, flags) -> id`; the flags
/// are those of `config`.
pub(crate) fn connection_create(call: &Call<'_>) -> Outcome {
    let role = if call.bool(0)? {
        Role::Server
    } else {
        Role::Client
    };
    let connection = connection::Connection::new(role, read_config(call, 1)?);
    let id = call
        .state
        .connections
        .borrow_mut()
        .insert(Entry::new(connection))
        .ok_or(Fault::Message("ws-rs: too many connections in one process"))?;
    call.double(id as f64)
}

/// `connectionConfigure(id, maxPayload, maxFragments, maxBufferedChunks, flags)`
pub(crate) fn connection_configure(call: &Call<'_>) -> Outcome {
    let config = read_config(call, 1)?;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        *entry.connection.protocol.config_mut() = config;
    }
    call.undefined()
}

/// `connectionFree(id, code)`; the number is then of no meaning. The code is what it was closed with.
pub(crate) fn connection_free(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let entry = call.state.connections.borrow_mut().remove(id);
    if let Some(entry) = entry {
        if let Some(meter) = &entry.connection.meter {
            meter.close(call.u32(1)? as u16);
        }
        call.state.heartbeats.borrow_mut().stop(id);
        call.state.event_loop.drop_unread(id);
        for topics in call.state.topics.borrow_mut().iter_mut() {
            topics.leave(id);
        }
        if let Some(socket) = entry.socket {
            call.state.event_loop.close(&call.state.values, socket);
        }
        call.state.event_loop.forget(call.env, entry.context);
    }
    call.undefined()
}

/// In the place of a system error number: a payload was taken away while it was being written.
const TAKEN_AWAY: i32 = -1;

/// `connectionState(id, counter) -> number`: one of the numbers that `counter` lists.
pub(crate) fn connection_state(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return call.number(0);
    };
    let which = call.u32(1)?;
    match which {
        counter::BYTES_READ => entry.note_heartbeat(),
        counter::BYTES_WRITTEN => entry.note_written(),
        _ => {}
    }
    let connection = &mut entry.connection;
    call.double(match which {
        counter::MESSAGE_LENGTH => connection.protocol.message_len() as f64,
        counter::HELD_BYTES => connection.protocol.held_bytes() as f64,
        counter::BYTES_WRITTEN => connection.outbox().accepted() as f64,
        counter::BYTES_READ => connection.bytes_read as f64,
        counter::WRITE_ERROR => f64::from(match connection.write_error() {
            None => 0,
            Some(WriteError::System(error)) => error,
            Some(WriteError::TakenAway) => TAKEN_AWAY,
        }),
        counter::WAITING => connection.outbox().waiting() as f64,
        counter::BLOCKED_LENGTH => connection.outbox().blocked_len() as f64,
        counter::UNDER_WAY => connection.outbox().tracked_under_way() as f64,
        counter::UNDER_WAY_LENGTH => connection.outbox().bytes_under_way() as f64,
        counter::ALL_LOST => f64::from(u8::from(connection.outbox().all_lost())),
        counter::PEAK => connection.take_peak() as f64,
        _ => return Err(Fault::Message("ws-rs: there is no such counter")),
    })
}

/// `handleBytes(id, chunk, position, depth) -> rows written`; the chunk is unmasked in place.
pub(crate) fn handle_bytes(call: &Call<'_>) -> Outcome {
    let (count, stored) = decode_chunk(call)?;
    stored.hand_over()?;
    call.number(count as u32)
}

const ROWS: &str = "ws-rs: bytes are where their events are put";

fn decode_chunk(call: &Call<'_>) -> Outcome<(usize, Stored)> {
    let mut connections = call.state.connections.borrow_mut();
    let mut events = call.state.events.borrow_mut();
    let chunk = Bytes::own(call.env, call.value(1))?;
    let chunk = chunk.ok_or(Fault::Message(
        "ws-rs: another thread may write to the chunk",
    ))?;
    let position = call.u32(2)? as usize;
    let mut rows = events.open(call.env, call.u32(3)?)?;
    if rows.are_among(chunk) {
        return Err(Fault::Message(ROWS));
    }
    rows.reached(chunk.len);
    let id = call.id(0)?;
    let Some(entry) = connections.get_mut(id) else {
        return Ok((0, rows.take_stored()));
    };
    let _scope = Scope::enter(call.env);
    // SAFETY: no JavaScript runs as long as it lives. It is the only slice of its memory: that is no other thread's,
    // and not that of the rows.
    let bytes = unsafe { chunk.slice_mut() };
    if position == 0 {
        entry.connection.chunks += 1;
    }
    let pongs = Pongs::of(&call.state.heartbeats, id, entry.connection.heard());
    let Entry {
        connection,
        socket,
        inflated,
        ..
    } = entry;
    let meter = connection.meter.as_ref();
    let connection = &mut connection.protocol;
    let mut input = if position == 0 {
        match connection.handle_bytes(bytes) {
            Ok(input) => input,
            Err(error) => {
                rows.push_error(error);
                return Ok((1, rows.take_stored()));
            }
        }
    } else {
        Input::resume(bytes, position)
    };
    if !connection.is_inflating() {
        let inflated = || {
            inflated
                .next_is_done(|number| socket.as_ref().is_some_and(|one| one.take_inflated(number)))
        };
        let is_ours = |payload: &[u8]| pongs.take(payload);
        decode(connection, &mut input, &mut rows, false, is_ours, inflated);
    }
    rows.reached(input.position());
    let received = if position == 0 {
        entry.inflated.decoded_as(chunk.len)
    } else {
        0
    };
    rows.count_on(meter, received);
    Ok((rows.count(), rows.take_stored()))
}

/// `eventRows(count, payloads: any[]) -> ArrayBuffer`: the arrays of the next nesting level; room for
/// so many rows is made here.
pub(crate) fn event_rows(call: &Call<'_>) -> Outcome {
    let count = call.u32(0)? as usize;
    let payloads = call.value(1);
    let mut events = call.state.events.borrow_mut();
    events.add_level(&call.state.values, count, payloads)
}

/// `handleInflated(id, bytes, depth) -> rows written`: 0 if the message has more frames.
pub(crate) fn handle_inflated(call: &Call<'_>) -> Outcome {
    let (count, stored) = take_inflated(call)?;
    stored.hand_over()?;
    call.number(count as u32)
}

fn take_inflated(call: &Call<'_>) -> Outcome<(usize, Stored)> {
    let mut connections = call.state.connections.borrow_mut();
    let mut events = call.state.events.borrow_mut();
    let bytes = call.bytes(1)?;
    let mut rows = events.open(call.env, call.u32(2)?)?;
    if rows.are_among(bytes) {
        return Err(Fault::Message(ROWS));
    }
    let Some(entry) = connections.get_mut(call.id(0)?) else {
        return Ok((0, rows.take_stored()));
    };
    let connection = &mut entry.connection.protocol;
    if !connection.is_inflating() {
        return Ok((0, rows.take_stored()));
    }
    let mut whole = 0;
    let _scope = Scope::enter(call.env);
    // SAFETY: no JavaScript runs as long as it lives, and the bytes, which are not those of the rows, are only read.
    let steady = unsafe { bytes.steady(call.env, call.value(1)) };
    match connection.handle_inflated(&steady) {
        Ok(protocol::Inflated::Incomplete) => {}
        Ok(protocol::Inflated::Whole { binary }) => {
            whole = bytes.len as u64;
            rows.push(WHOLE | kind_of(binary), None, 0, 1);
        }
        Ok(protocol::Inflated::Assembled(message)) => rows.message(&message),
        Err(error) => rows.push_error(error),
    }
    rows.count_on(entry.connection.meter.as_ref(), 0);
    if let Some(meter) = &entry.connection.meter {
        meter.received.bytes.add(whole);
    }
    Ok((rows.count(), rows.take_stored()))
}

/// `fragmentEnds(id) -> number[]`: where the frames of the last message end, empty ones left out.
pub(crate) fn fragment_ends(call: &Call<'_>) -> Outcome {
    let ends = match call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        Some(entry) => entry.connection.protocol.fragment_ends().to_vec(),
        None => Vec::new(),
    };
    let ends: Outcome<Vec<_>> = ends.iter().map(|end| call.double(*end as f64)).collect();
    call.array(&ends?)
}

/// `errorTable() -> [number, code, isRangeError, message, closeCode, ...]`, five entries a kind.
pub(crate) fn error_table(call: &Call<'_>) -> Outcome {
    let mut items = Vec::new();
    for kind in ErrorKind::ALL {
        let info = kind.info();
        items.extend([
            call.number(*kind as u32)?,
            call.string(info.code)?,
            call.number(u32::from(info.class == ErrorClass::RangeError))?,
            call.string(info.message)?,
            call.number(u32::from(info.close_code))?,
        ]);
    }
    call.array(&items)
}
