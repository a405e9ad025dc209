//! Frames from JavaScript into the outbox.

use std::borrow::Cow;
use std::ptr;

use napi_sys as sys;
use ws_rs_engine::connection::{Options, Sent};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{
    Frame, MAX_HEADER_LEN, apply_mask, encode_frame_with, header_len, payload_start,
};

use super::call::{Call, Fault, Outcome, check};
use super::environment::{Entry, Environment};
use super::lent_buffer::LentBuffer;
use super::outbox::{after_write, is_overdue, with_wire, with_wire_of_program};
use crate::numbers::flag::{
    HEADER, LENGTH, MASK_KEY, MASK_RANDOM, MORE_MESSAGES, NO_HEADER, TRACK,
};
use crate::numbers::sent::{
    BLOCKED, FAILED, OVERDUE, SCHEDULE, TAKE, WITH_BATCH, WITH_TICK, WRITTEN,
};

/// A UTF-16 unit takes at most this many bytes of UTF-8.
const MAX_UTF8_PER_UNIT: usize = 3;
/// For longer strings it is looked whether they are as long as JavaScript says.
const SHORT: usize = 16 * 1024;

/// `queueText(id, text, units, flags, key) -> what became of it`; `units` is the string's length.
pub(crate) fn queue_text(call: &Call<'_>) -> Outcome {
    let units = call.u32(2)? as usize;
    if units > SHORT && units != call.units(1)? {
        return Err(Fault::Message("ws-rs: the text has another length"));
    }
    let flags = call.u32(3)?;
    let mut frame = frame_of(flags);
    frame.mask = mask_of(call, flags, 4)?;
    queue(call, flags, |out| {
        let start = out.len();
        // Most text is ASCII: the header is laid out for that, and moved where it is not.
        let guess = header_len(units as u64, frame.mask.is_some());
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
        encode_frame_with(&frame, payload.len, out, |out| payload.append_to(out));
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
        let start = out.len();
        bytes.append_to(out);
        let header = if flags & HEADER == 0 {
            0
        } else {
            payload_start(&out[start..])
        };
        let mut len = bytes.len - header;
        if let Some(rest) = rest {
            rest.append_to(out);
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
    state.schedule.borrow_mut().await_end();
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
    // SAFETY: no JavaScript runs in this call, and the payload is only read.
    let payload = unsafe { payload.steady(call.env, call.value(1)) };
    let flags = call.u32(2)?;
    let (header, len) = ws_rs_protocol::encode_header(&frame_of(flags), payload.len() as u64);
    let length = length_of(call, flags, 3)?.unwrap_or(payload.len());
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
                    &payload,
                    options_of(flags),
                    || match &payload {
                        Cow::Borrowed(_) => LentBuffer::new(call.env, call.value(1)),
                        Cow::Owned(_) => None,
                    },
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
            connection.note_pause(&mut state.schedule.borrow_mut(), || {
                state.written_at.get().is_stale()
            });
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
    entry.connection.count_message(sent, flags as u8, length);
    after_write(state, entry, sent);
    let mut answer = match sent {
        Sent::Written => WRITTEN,
        Sent::WithBatch => WITH_BATCH,
        Sent::WithTick => WITH_TICK,
        Sent::Take => TAKE,
        Sent::Blocked => BLOCKED,
        Sent::Failed => FAILED,
    };
    if sent != Sent::Failed && state.schedule.borrow_mut().asks_for_end() {
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

const fn options_of(flags: u32) -> Options {
    Options {
        more_messages: flags & MORE_MESSAGES != 0,
        track: flags & TRACK != 0,
    }
}

/// Whether JavaScript is to have frames written that have waited for long enough.
fn overdue(state: &Environment, in_chunk: bool) -> u32 {
    let looks = state.schedule.borrow_mut().is_to_look(in_chunk);
    if looks && is_overdue(state, in_chunk) {
        OVERDUE
    } else {
        0
    }
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

fn mask_of(call: &Call<'_>, flags: u32, key: usize) -> Outcome<Option<[u8; 4]>> {
    Ok(if flags & MASK_KEY != 0 {
        Some(call.u32(key)?.to_be_bytes())
    } else if flags & MASK_RANDOM != 0 {
        Some(call.state.mask_key())
    } else {
        None
    })
}
