//! Frames from JavaScript into the outbox, and from there to the wire.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi_sys as sys;
use ws_rs_engine::connection::{Options, Sent, Wire};
use ws_rs_engine::outbox::{Fate, Taken};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{Frame, MAX_HEADER_LEN, apply_mask, encode_frame};

use super::call::{Call, Fault, Outcome, check};
use super::environment::{Entry, Environment};
use super::event_loop::LoopSocket;
use super::lent_buffer::LentBuffer;
use crate::clock::{self, Mark};
use crate::numbers::fate;
use crate::numbers::flag::{
    HEADER, LENGTH, MASK_KEY, MASK_RANDOM, MORE_MESSAGES, NO_HEADER, TRACK,
};
use crate::numbers::sent::{
    BLOCKED, FAILED, OVERDUE, SCHEDULE, TAKE, WITH_BATCH, WITH_TICK, WRITTEN,
};

/// What a connection fails with that could not be written to for a fault of ours: "I/O error".
pub(crate) const EIO: i32 = 5;

/// So many frames of a tick are written at once past I/O threads.
const MOST_AT_ONCE: u8 = 4;

/// A UTF-16 unit takes at most this many bytes of UTF-8.
const MAX_UTF8_PER_UNIT: usize = 3;

/// `queueText(id, text, units, flags, key) -> what became of it`; `units` is the string's length.
pub(crate) fn queue_text(call: &Call<'_>) -> Outcome {
    let units = call.u32(2)? as usize;
    let flags = call.u32(3)?;
    let mut frame = frame_of(flags);
    frame.mask = mask_of(call, flags, 4)?;
    queue(call, flags, |out| {
        let start = out.len();
        // Most text is ASCII: the header is laid out for that, and moved where it is not.
        let guess = header_len(&frame, units);
        let room = units * MAX_UTF8_PER_UNIT + 1;
        out.reserve(MAX_HEADER_LEN + room);
        let mut written = 0;
        // SAFETY: `reserve` made room for header and text, and Node-API writes at most `room`
        // bytes, the terminator included.
        check(unsafe {
            sys::napi_get_value_string_utf8(
                call.env,
                call.value(1),
                out.as_mut_ptr().add(start + guess).cast(),
                room,
                &mut written,
            )
        })?;
        let (header, len) = ws_rs_protocol::encode_header(&frame, written as u64);
        // SAFETY: the bytes between are written here: `len` of header before `written` of text,
        // which moves within the room reserved if the guess was off.
        unsafe {
            let base = out.as_mut_ptr().add(start);
            if len != guess {
                ptr::copy(base.add(guess), base.add(len), written);
            }
            ptr::copy_nonoverlapping(header.as_ptr(), base, len);
            out.set_len(start + len + written);
        }
        if let Some(key) = frame.mask {
            apply_mask(&mut out[start + len..], key);
        }
        Ok(written)
    })
}

/// `queueBytes(id, payload, flags, key, length) -> what became of it`; the length is that of the payload
/// before it was compressed, if `LENGTH` says so.
pub(crate) fn queue_bytes(call: &Call<'_>) -> Outcome {
    let payload = call.bytes(1)?;
    let flags = call.u32(2)?;
    let length = length_of(call, flags, 4)?.unwrap_or(payload.len);
    let mut frame = frame_of(flags);
    frame.mask = mask_of(call, flags, 3)?;
    queue(call, flags, |out| {
        // SAFETY: no JavaScript runs in this call, and the payload is only read.
        encode_frame(&frame, unsafe { payload.slice() }, out);
        Ok(length)
    })
}

/// `queueRaw(id, bytes, flags, rest | undefined) -> what became of them`: frames that somebody else
/// made, in one piece or two.
pub(crate) fn queue_raw(call: &Call<'_>) -> Outcome {
    let bytes = call.bytes(1)?;
    let rest = call.optional_bytes(3)?;
    let flags = call.u32(2)?;
    queue(call, flags, |out| {
        // SAFETY: no JavaScript runs in this call, and the bytes are only read.
        let bytes = unsafe { bytes.slice() };
        let mut len = bytes.len() - payload_start(bytes, flags);
        out.extend_from_slice(bytes);
        if let Some(rest) = rest {
            // SAFETY: so are these.
            out.extend_from_slice(unsafe { rest.slice() });
            len += rest.len;
        }
        Ok(len)
    })
}

/// Queues the text that is the argument `at`, to be written together with what is sent next.
#[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
pub(crate) fn queue_answer(call: &Call<'_>, id: Id, at: usize) -> Outcome<()> {
    let state = call.state;
    let mut connections = state.connections.borrow_mut();
    let Some(Entry {
        connection, socket, ..
    }) = connections.get_mut(id)
    else {
        return Ok(());
    };
    let options = Options {
        more_messages: true,
        track: false,
    };
    with_wire(socket.as_mut(), |wire| {
        connection.send(
            |out| append_text(call, at, out),
            options,
            (&mut state.schedule.borrow_mut(), id),
            || state.begin_waiting(),
            || state.spare_buffer(),
            wire,
        )
    })?;
    state.tick_scheduled.set(true);
    Ok(())
}

/// Appends the UTF-8 of the text that is the argument `at`.
fn append_text(call: &Call<'_>, at: usize, out: &mut Vec<u8>) -> Outcome<()> {
    let (env, text) = (call.env, call.value(at));
    let mut len = 0;
    // SAFETY: a live environment and value; without memory to write to, only the length is asked for.
    check(unsafe { sys::napi_get_value_string_utf8(env, text, ptr::null_mut(), 0, &mut len) })?;
    let start = out.len();
    out.reserve(len + 1);
    let mut written = 0;
    // SAFETY: `reserve` made room for the text and its terminator, which is all that is written.
    unsafe {
        check(sys::napi_get_value_string_utf8(
            env,
            text,
            out.as_mut_ptr().add(start).cast(),
            len + 1,
            &mut written,
        ))?;
        out.set_len(start + written);
    }
    Ok(())
}

/// `queueLent(id, payload, flags, length) -> what became of it`: as `queueBytes`, of an unmasked frame whose payload is written
/// from where it lies, now or, if the wire does not take it, later. On a stream, only its header is
/// queued: the payload is the stream's to write behind that.
pub(crate) fn queue_lent(call: &Call<'_>) -> Outcome {
    let payload = call.bytes(1)?;
    let flags = call.u32(2)?;
    let (header, len) = ws_rs_protocol::encode_header(&frame_of(flags), payload.len as u64);
    let length = length_of(call, flags, 3)?.unwrap_or(payload.len);
    let header = if flags & NO_HEADER == 0 {
        &header[..len]
    } else {
        &[]
    };
    send(
        call,
        flags,
        |state,
         _,
         Entry {
             connection, socket, ..
         }| {
            with_wire_of_program(state, socket.as_mut(), |wire| {
                let sent = connection.send_lent(
                    header,
                    // SAFETY: no JavaScript runs in this call, and the payload is only read.
                    unsafe { payload.slice() },
                    options_of(flags),
                    || LentBuffer::new(call.env, call.value(1)),
                    || state.spare_buffer(),
                    wire,
                );
                Ok((sent, length))
            })
        },
    )
}

/// Sends a frame that `encode` appends, on the connection that the first argument names. It returns
/// how long the payload is for the program.
fn queue(
    call: &Call<'_>,
    flags: u32,
    encode: impl FnOnce(&mut Vec<u8>) -> Outcome<usize>,
) -> Outcome {
    send(
        call,
        flags,
        |state,
         id,
         Entry {
             connection, socket, ..
         }| {
            // Who has worked for a while since is as one who sends in a tick of its own.
            if !connection.is_first_in_tick(&state.schedule.borrow())
                && state.written_at.get().is_stale()
            {
                state.schedule.borrow_mut().end_tick();
            }
            let mut length = 0;
            let sent = with_wire_of_program(state, socket.as_mut(), |wire| {
                connection.send(
                    |out| {
                        length = encode(out)?;
                        Ok(())
                    },
                    options_of(flags),
                    (&mut state.schedule.borrow_mut(), id),
                    || state.begin_waiting(),
                    || state.spare_buffer(),
                    wire,
                )
            })?;
            Ok((sent, length))
        },
    )
}

/// Has `body` send a frame, which returns how long the payload is for the program, and says whether
/// others have waited for long enough.
fn send(
    call: &Call<'_>,
    flags: u32,
    body: impl FnOnce(&Environment, Id, &mut Entry) -> Outcome<(Sent, usize)>,
) -> Outcome {
    let id = call.id(0)?;
    let state = call.state;
    let mut connections = state.connections.borrow_mut();
    let entry = connections
        .get_mut(id)
        .ok_or(Fault::Message("ws-rs: the connection is closed"))?;
    let (sent, length) = body(state, id, entry)?;
    if let Some(meter) = &entry.connection.meter
        && sent != Sent::Failed
    {
        meter.send(flags as u8, length as u64);
    }
    after_write(state, entry, sent);
    let mut answer = match sent {
        Sent::Written => WRITTEN,
        Sent::WithBatch => WITH_BATCH,
        Sent::WithTick => WITH_TICK,
        Sent::Take => TAKE,
        Sent::Blocked => BLOCKED,
        Sent::Failed => FAILED,
    };
    if sent != Sent::Failed
        && !state.schedule.borrow().is_in_turn()
        && !state.tick_scheduled.replace(true)
    {
        answer |= SCHEDULE;
    }
    drop(connections);
    answer |= overdue(state, flags & MORE_MESSAGES != 0);
    // Most frames need nothing more, and a number is made for the others only.
    if answer <= WITH_BATCH && flags & TRACK == 0 {
        return call.undefined();
    }
    call.number(answer)
}

/// Calls `body` with what writes to the socket, if there is one.
pub(crate) fn with_wire<T>(socket: Option<&mut LoopSocket>, body: impl FnOnce(Wire<'_>) -> T) -> T {
    match socket {
        Some(socket) => body(Some(&mut |slices| socket.write(slices))),
        None => body(None),
    }
}

/// As `with_wire`, for what a program sends. The first frames that it sends in a tick, or as the answer
/// to one connection alone, are written at once, on whatever thread: they need no hop, and are with the
/// kernel when `send()` returns, even if a signal ends the process then.
fn with_wire_of_program<T>(
    state: &Environment,
    socket: Option<&mut LoopSocket>,
    body: impl FnOnce(Wire<'_>) -> T,
) -> T {
    match socket {
        Some(socket)
            if socket.threaded().is_some()
                && state.at_once.get() < MOST_AT_ONCE
                && !(state.in_company.get() && state.schedule.borrow().is_in_turn()) =>
        {
            body(Some(&mut |slices| {
                state.at_once.set(state.at_once.get() + 1);
                socket.write_at_once(slices)
            }))
        }
        socket => with_wire(socket, body),
    }
}

const fn options_of(flags: u32) -> Options {
    Options {
        more_messages: flags & MORE_MESSAGES != 0,
        track: flags & TRACK != 0,
    }
}

/// Whether JavaScript is to have frames written that have waited for long enough.
fn overdue(state: &Environment, in_chunk: bool) -> u32 {
    let looks = state.looks.get().wrapping_add(1);
    state.looks.set(looks);
    // Answers to many short messages of a chunk cost so little that looking each time is felt.
    if (in_chunk && !looks.is_multiple_of(4)) || !is_overdue(state, in_chunk) {
        return 0;
    }
    OVERDUE
}

/// Whether frames have waited long enough for others; they may for longer in the middle of a chunk.
pub(crate) fn is_overdue(state: &Environment, in_chunk: bool) -> bool {
    let schedule = state.schedule.borrow();
    schedule.has_waiting()
        && !state.waiting_since.get().is_fresh()
        && if in_chunk {
            schedule.is_overdue_in_chunk(clock::now)
        } else {
            schedule.is_overdue(clock::now)
        }
}

/// Writes what waits in the outboxes of connections; `attend` is called with those that JavaScript
/// has to look at.
pub(crate) fn write_waiting(state: &Environment, mut attend: impl FnMut(Id)) {
    let list = state.schedule.borrow_mut().take_waiting();
    for id in &list {
        if needs_attention(state, *id) {
            attend(*id);
        }
    }
    state.schedule.borrow_mut().give_back(list);
}

/// Writes what waits in one outbox; returns whether JavaScript has to look at it.
pub(crate) fn needs_attention(state: &Environment, id: Id) -> bool {
    let mut connections = state.connections.borrow_mut();
    let Some(entry) = connections.get_mut(id) else {
        return false;
    };
    let is_threaded = entry.is_threaded();
    if is_threaded {
        entry.note_progress();
    }
    let Entry {
        connection, socket, ..
    } = entry;
    let write =
        AssertUnwindSafe(|| with_wire(socket.as_mut(), |wire| connection.write_waiting(wire)));
    let (sent, attend) = catch_unwind(write).unwrap_or_else(|_| {
        // The message went to stderr. It is the end of this connection, and of no other.
        connection.fail(EIO);
        (Sent::Failed, true)
    });
    after_write(state, entry, sent);
    // Of a thread's errors nothing else says.
    attend || (is_threaded && entry.connection.write_error().is_some())
}

/// Has the socket wait for room to write if there is none, and memory go round.
pub(crate) fn after_write(state: &Environment, entry: &mut Entry, sent: Sent) {
    if matches!(sent, Sent::Written | Sent::Take) {
        state.written_at.set(Mark::now());
    }
    if sent == Sent::Written
        && let Some(buffer) = entry.connection.take_spare()
    {
        state.recycle(buffer);
    }
    if let Some(socket) = &mut entry.socket {
        if matches!(sent, Sent::Written | Sent::Blocked | Sent::Failed) {
            socket.watch_writable(&state.event_loop, sent == Sent::Blocked);
        }
        if let Some(thread) = socket.threaded()
            && entry.connection.outbox().waits_for_word()
        {
            thread.want_word();
        }
    }
}

/// `endTick(isOver) -> ids`: the tick ends, or comes to a pause: what waits is written. Returns an
/// array of those connections that have to be looked at, if there are any.
pub(crate) fn end_tick(call: &Call<'_>) -> Outcome {
    let state = call.state;
    if call.bool(0)? {
        state.tick_scheduled.set(false);
        state.at_once.set(0);
        state.schedule.borrow_mut().end_tick();
    }
    let mut ids = Vec::new();
    write_waiting(state, |id| ids.push(id));
    if ids.is_empty() {
        return call.undefined();
    }
    let ids: Outcome<Vec<_>> = ids.iter().map(|id| call.double(*id as f64)).collect();
    call.array(&ids?)
}

/// `flushOutbox(id)`: writes what waits, if it is not the stream's to write.
pub(crate) fn flush_outbox(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    if let Some(entry) = connections.get_mut(call.id(0)?) {
        let Entry {
            connection, socket, ..
        } = &mut *entry;
        let sent = with_wire(socket.as_mut(), |wire| connection.write(wire));
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
    let sent = if entry.is_threaded() {
        entry.settle()
    } else if entry.connection.outbox().blocked_len() > 0 {
        return call.undefined();
    } else {
        let Entry {
            connection, socket, ..
        } = &mut *entry;
        with_wire(socket.as_mut(), |wire| connection.write(wire))
    };
    after_write(call.state, entry, sent);
    call.undefined()
}

/// `setWriter(id, isNative)`: who writes from now on what waits in the outbox.
pub(crate) fn set_writer(call: &Call<'_>) -> Outcome {
    let is_native = call.bool(1)?;
    let mut connections = call.state.connections.borrow_mut();
    if let Some(entry) = connections.get_mut(call.id(0)?) {
        if !is_native && let Some(thread) = entry.socket.as_ref().and_then(LoopSocket::threaded) {
            thread.stop_answering();
        }
        entry.flush_thread();
        if !is_native {
            settle_committed(entry);
        }
        entry
            .connection
            .set_writes(is_native && entry.socket.is_some());
        if let Some(socket) = &mut entry.socket {
            socket.watch_writable(&call.state.event_loop, false);
        }
    }
    call.undefined()
}

/// What a wire has taken without saying so, it will write: the stream is not to get it again.
fn settle_committed(entry: &mut Entry) {
    let Some(socket) = &mut entry.socket else {
        return;
    };
    let mut committed = socket.take_committed();
    if committed > 0 && entry.connection.writes() {
        entry
            .connection
            .write(Some(&mut |_| match std::mem::take(&mut committed) {
                0 => Taken::Blocked,
                len => Taken::Bytes(len),
            }));
    }
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
    // SAFETY: no JavaScript runs in this call, and the bytes are memory of our own.
    unsafe { target.slice_mut() }.copy_from_slice(&bytes);
    call.state.recycle(bytes);
    call.number(1)
}

/// `discardOutbox(id)`: what waits is lost, and the peer is not asked anything any more.
pub(crate) fn discard_outbox(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(id) {
        entry.flush_thread();
        entry.connection.discard();
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

fn frame_of(flags: u32) -> Frame {
    super::encode::frame_of(flags & 0xff)
}

/// What JavaScript says of the length of a payload.
pub(crate) fn length_of(call: &Call<'_>, flags: u32, at: usize) -> Outcome<Option<usize>> {
    if flags & LENGTH == 0 {
        return Ok(None);
    }
    call.f64(at).map(|length| Some(length as usize))
}

/// Where the payload begins in bytes that somebody else made.
fn payload_start(bytes: &[u8], flags: u32) -> usize {
    let Some(short) = bytes.get(1).filter(|_| flags & HEADER != 0) else {
        return 0;
    };
    let mask = if short & 0x80 == 0 { 0 } else { 4 };
    let length = match short & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    bytes.len().min(2 + length + mask)
}

fn mask_of(call: &Call<'_>, flags: u32, key: usize) -> Outcome<Option<[u8; 4]>> {
    Ok(if flags & MASK_KEY != 0 {
        Some(call.u32(key)?.to_be_bytes())
    } else if flags & MASK_RANDOM != 0 {
        Some(call.state.mask_key())
    } else {
        None
    })
}

const fn header_len(frame: &Frame, len: usize) -> usize {
    let base = match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    if frame.mask.is_some() { base + 4 } else { base }
}
