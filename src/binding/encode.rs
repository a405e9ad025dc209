//! Messages in, bytes out: frames of one tick, or of one turn of the loop, are joined, then written
//! to the socket's descriptor.

use std::ptr;

use napi_sys as sys;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{Frame, MAX_HEADER_LEN, OpCode, apply_mask, encode_frame};

use super::call::{Call, Fault, Outcome, check};
use super::environment::{Environment, Link};
#[cfg(unix)]
use ws_rs_wire::write_some;

/// `mask` arguments: leave the frame unmasked, mask with a random key, or with the key given.
const MASK_NONE: u32 = 0;
const MASK_RANDOM: u32 = 1;

/// Joined frames are written at the latest when they are this many bytes.
const FLUSH_AT: usize = 16 * 1024;

/// A UTF-16 unit takes at most this many bytes of UTF-8.
const MAX_UTF8_PER_UNIT: usize = 3;

/// `acceptKey(key) -> string`: Sec-WebSocket-Accept (RFC 6455, section 4.2.2).
pub(crate) fn accept_key(call: &Call<'_>) -> Outcome {
    let mut key = [0_u8; 64];
    let mut len = 0;
    // SAFETY: a live value, and a buffer of the length given.
    check(unsafe {
        sys::napi_get_value_string_utf8(
            call.env,
            call.value(0),
            key.as_mut_ptr().cast(),
            key.len(),
            &mut len,
        )
    })?;
    call.string(&derive_accept_key(&key[..len]))
}

/// `encodeHeader(target, first, length, key?) -> bytes written`: `first` holds FIN, RSV1 and the
/// opcode, `key` is four bytes.
pub(crate) fn encode_header(call: &Call<'_>) -> Outcome {
    let target = call.bytes(0)?;
    let mut frame = frame_of(call.u32(1)?);
    let len = call.f64(2)?;
    if let Some(key) = call.optional_bytes(3)? {
        // SAFETY: no JavaScript runs in this call, and the key is only read.
        frame.mask = unsafe { key.slice() }.first_chunk().copied();
    }
    let (header, end) = ws_rs_protocol::encode_header(&frame, len as u64);
    if target.len < end {
        return Err(Fault::Message("ws-rs: a frame header takes up to 14 bytes"));
    }
    // SAFETY: no JavaScript runs in this call; the key's bytes were copied before.
    let target = unsafe { target.slice_mut() };
    target[..end].copy_from_slice(&header[..end]);
    call.number(end as u32)
}

/// `mask(source, key, target)`: writes the masked source to the target, which may be the source.
pub(crate) fn mask(call: &Call<'_>) -> Outcome {
    let (source, target) = (call.bytes(0)?, call.bytes(2)?);
    // SAFETY: no JavaScript runs in this call, and the key is only read.
    let key = unsafe { call.bytes(1)?.slice() }.first_chunk().copied();
    let key = key.ok_or(Fault::Message("ws-rs: a masking key is four bytes"))?;
    if target.len < source.len {
        return Err(Fault::Message(
            "ws-rs: the target is shorter than the source",
        ));
    }
    // SAFETY: both pointers are valid for `source.len` bytes; `copy` allows them to overlap. The
    // slice of the target is the only one when it is made.
    let target = unsafe {
        let from = source.slice().as_ptr();
        let target = target.slice_mut();
        ptr::copy(from, target.as_mut_ptr(), source.len);
        &mut target[..source.len]
    };
    apply_mask(target, key);
    call.undefined()
}

/// `queueText(id, text, units, first, mask, key) -> bytes queued`; `units` is the string's length.
///
/// `undefined` instead: they are written after the turn that called into JavaScript, or a few turns
/// later. So for the other two.
pub(crate) fn queue_text(call: &Call<'_>) -> Outcome {
    let units = call.u32(2)? as usize;
    let mut frame = frame_of(call.u32(3)?);
    frame.mask = mask_of(call, call.u32(4)?, 5)?;
    with_link(call, |link| {
        let out = &mut link.queued;
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
        Ok(())
    })
}

/// `queueBytes(id, payload, first, mask, key) -> bytes queued`
pub(crate) fn queue_bytes(call: &Call<'_>) -> Outcome {
    let payload = call.bytes(1)?;
    let mut frame = frame_of(call.u32(2)?);
    frame.mask = mask_of(call, call.u32(3)?, 4)?;
    with_link(call, |link| {
        // SAFETY: no JavaScript runs in this call, and the payload is only read.
        encode_frame(&frame, unsafe { payload.slice() }, &mut link.queued);
        Ok(())
    })
}

/// `queueRaw(id, bytes) -> bytes queued`: frames that somebody else made.
pub(crate) fn queue_raw(call: &Call<'_>) -> Outcome {
    let bytes = call.bytes(1)?;
    with_link(call, |link| {
        // SAFETY: no JavaScript runs in this call, and the bytes are only read.
        link.queued.extend_from_slice(unsafe { bytes.slice() });
        Ok(())
    })
}

/// `flush(id, fd) -> bytes left`: writes what is queued; what the kernel does not take stays.
pub(crate) fn flush(call: &Call<'_>) -> Outcome {
    let fd = call.i32(1)?;
    let mut connections = call.state.connections.borrow_mut();
    let Some(link) = connections.get_mut(call.id(0)?) else {
        return call.number(0);
    };
    call.double(write_queued(call.state, link, fd) as f64)
}

/// `setDirect(id, fd)`: the descriptor that a turn of the loop may write the connection's frames
/// to; -1 while the `net.Socket` has something of its own to write, and from its end on.
pub(crate) fn set_direct(call: &Call<'_>) -> Outcome {
    let fd = call.i32(1)?;
    if let Some(link) = call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        link.fd = fd;
    }
    call.undefined()
}

/// Writes what the connections queued that were sent to in the last turns. Gives the next one whose
/// bytes the kernel did not take all.
#[cfg(unix)]
pub(crate) fn flush_dirty(state: &Environment) -> Option<Id> {
    loop {
        let id = state.dirty.borrow_mut().pop_front()?;
        if let Some(link) = state.connections.borrow_mut().get_mut(id)
            && !link.queued.is_empty()
            && write_queued(state, link, link.fd) > 0
        {
            return Some(id);
        }
    }
}

/// Returns how many bytes the kernel did not take; they stay queued.
fn write_queued(state: &Environment, link: &mut Link, fd: i32) -> usize {
    if link.queued.is_empty() {
        return 0;
    }
    let written = write_some(fd, &[&link.queued]);
    link.bytes_written += written as u64;
    if written == link.queued.len() {
        state.recycle(std::mem::take(&mut link.queued));
        return 0;
    }
    link.queued.drain(..written);
    link.queued.len()
}

/// `flushWith(id, fd, payload, first) -> bytes left`: writes what is queued, a header and an
/// unmasked payload in one call, the payload from JavaScript's own memory. What is left of queue
/// and header stays queued; the rest that is left is the payload's end.
pub(crate) fn flush_with(call: &Call<'_>) -> Outcome {
    let fd = call.i32(1)?;
    let payload = call.bytes(2)?;
    let frame = frame_of(call.u32(3)?);
    let mut connections = call.state.connections.borrow_mut();
    let Some(link) = connections.get_mut(call.id(0)?) else {
        return call.number(0);
    };
    if link.queued.capacity() == 0 {
        link.queued = call.state.spare_buffer();
    }
    let (header, len) = ws_rs_protocol::encode_header(&frame, payload.len as u64);
    link.queued.extend_from_slice(&header[..len]);
    // SAFETY: no JavaScript runs in this call, and the payload is only read.
    let payload = unsafe { payload.slice() };
    let written = write_some(fd, &[&link.queued, payload]);
    link.bytes_written += written as u64;
    let total = link.queued.len() + payload.len();
    if written >= link.queued.len() {
        call.state.recycle(std::mem::take(&mut link.queued));
    } else {
        link.queued.drain(..written);
    }
    call.double((total - written) as f64)
}

/// `takeQueued(id, target)`: moves what is queued to the target, which is as long.
pub(crate) fn take_queued(call: &Call<'_>) -> Outcome {
    let target = call.bytes(1)?;
    let mut connections = call.state.connections.borrow_mut();
    let Some(link) = connections.get_mut(call.id(0)?) else {
        return call.undefined();
    };
    if target.len != link.queued.len() {
        return Err(Fault::Message(
            "ws-rs: the target is not as long as the queue",
        ));
    }
    // SAFETY: no JavaScript runs in this call, and the queue is memory of our own.
    unsafe { target.slice_mut() }.copy_from_slice(&link.queued);
    call.state.recycle(std::mem::take(&mut link.queued));
    call.undefined()
}

/// Runs `body` on the link that the first argument names; returns how much is queued then.
fn with_link(call: &Call<'_>, body: impl FnOnce(&mut Link) -> Outcome<()>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let id = call.id(0)?;
    let link = connections
        .get_mut(id)
        .ok_or(Fault::Message("ws-rs: the connection is closed"))?;
    if link.queued.capacity() == 0 {
        link.queued = call.state.spare_buffer();
    }
    let is_first = link.queued.is_empty();
    body(link)?;
    if link.fd < 0 || !call.state.event_loop.is_in_turn() {
        return call.double(link.queued.len() as f64);
    }
    if link.queued.len() < FLUSH_AT {
        if is_first {
            call.state.dirty.borrow_mut().push_back(id);
        }
        return call.undefined();
    }
    call.double(write_queued(call.state, link, link.fd) as f64)
}

fn frame_of(first: u32) -> Frame {
    Frame {
        fin: first & 0x80 != 0,
        rsv1: first & 0x40 != 0,
        opcode: OpCode::from((first & 0x0f) as u8),
        mask: None,
    }
}

fn mask_of(call: &Call<'_>, mask: u32, key: usize) -> Outcome<Option<[u8; 4]>> {
    Ok(match mask {
        MASK_NONE => None,
        MASK_RANDOM => Some(call.state.mask_key()),
        _ => Some(call.u32(key)?.to_be_bytes()),
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

/// Where sockets have no descriptor everything goes through the `net.Socket`.
#[cfg(not(unix))]
const fn write_some(_fd: i32, _parts: &[&[u8]]) -> usize {
    0
}
