//! Opening handshakes that Node need not see: the request is read here, and JavaScript answers it.

use std::os::fd::BorrowedFd;
use std::ptr;

use napi_sys as sys;
use ws_rs_engine::connection::Connection;
use ws_rs_engine::inbox::Inbox;
use ws_rs_engine::inflated::Inflated;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{Config, MAX_HEAD, PingResponder, Role, UpgradeRequest};
use ws_rs_wire::{Read, Stream, peek_some, read_some};

use super::call::{Call, Outcome, check};
use super::config::read_config;
use super::environment::Entry;
use super::event_loop::{Context, LoopSocket, open_stream};
use super::send::queue_answer;
use crate::numbers::config::{ANSWER_PINGS, LOCAL, SINGLE};
use crate::numbers::request::{NOTHING, OTHER};

/// `acceptRequest(fd) -> string | number`: the head of the request to be upgraded that has come on a
/// socket which nobody has read yet; it is taken, and what is behind it stays with the kernel. Or one
/// of the numbers of `request`, and nothing was taken.
pub(crate) fn accept_request(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    if fd < 0 {
        return call.number(OTHER);
    }
    // SAFETY: it is only given to recv(2), here. It is that of a handle which JavaScript has just got
    // and closes later; for one that is closed already, recv(2) fails or meets another file of the
    // process, and no memory is touched but `room`.
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    let mut room = [0; MAX_HEAD];
    let len = match peek_some(fd, &mut room) {
        Read::Bytes(len) => len,
        Read::Empty => return call.number(NOTHING),
        Read::End | Read::Failed(_) | Read::Broken | Read::Dead => return call.number(OTHER),
    };
    let UpgradeRequest::Whole(len) = UpgradeRequest::of(&room[..len]) else {
        return call.number(OTHER);
    };
    // An ordinary read: discarding by a flag does not work on Unix sockets. It gives what was just
    // seen, unless the connection broke meanwhile, which Node then meets as well.
    if read_some(fd, &mut room[..len]) != Read::Bytes(len) {
        return call.number(OTHER);
    }
    let mut head = ptr::null_mut();
    // SAFETY: a live environment in its callback, bytes that are valid for the call and copied, a
    // valid out pointer.
    check(unsafe {
        sys::napi_create_string_latin1(call.env, room.as_ptr().cast(), len as isize, &mut head)
    })?;
    Ok(head)
}

/// `awaitRequest(fd) -> id`: has `onRequest` called as soon as something comes on the socket, once;
/// until then the id is for `connectionFree` only. `undefined`: it cannot be watched.
pub(crate) fn await_request(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    await_on(call, |id| open_stream(call, (fd, id, false), 0, None))
}

/// The number of a connection that is yet to be opened, on what `open` gives for it; `undefined` if that
/// is nothing.
pub(crate) fn await_on(call: &Call<'_>, open: impl FnOnce(Id) -> Option<Stream>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let entry = Entry {
        connection: Connection::new(Role::Server, Config::default()),
        socket: None,
        context: Context::NONE,
        questions: None,
        inflated: Inflated::default(),
    };
    let Some(id) = connections.insert(entry) else {
        return call.undefined();
    };
    match (open(id), connections.get_mut(id)) {
        (Some(stream), Some(entry)) => {
            entry.socket = Some(LoopSocket::awaiting(stream, Inbox::new(false, false)));
            call.double(id as f64)
        }
        _ => {
            connections.remove(id);
            call.undefined()
        }
    }
}

/// `acceptOpen(fd, maxPayload, maxFragments, maxBufferedChunks, flags, requestLength, answer, threads) ->
/// id`: begins to read and write the socket of a server's connection, on one of so many threads if there
/// are any, and has the answer to its handshake wait for what is sent in this tick, whose end JavaScript
/// is to tell. `undefined`: it cannot be watched.
pub(crate) fn accept_open(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    let config = read_config(call, 1)?;
    let flags = call.u32(4)?;
    let (single, local) = (flags & SINGLE != 0, flags & LOCAL != 0);
    let mut connection = Connection::new(Role::Server, config);
    connection.bytes_read = u64::from(call.u32(5)?);
    let entry = Entry {
        connection,
        socket: None,
        context: Context::NONE,
        questions: None,
        inflated: Inflated::default(),
    };
    let Some(id) = call.state.connections.borrow_mut().insert(entry) else {
        return call.undefined();
    };
    let threads = call.u32(7)? as usize;
    let responder = if flags & ANSWER_PINGS != 0 {
        PingResponder::new(config)
    } else {
        PingResponder::silent(config)
    };
    let Some(stream) = open_stream(call, (fd, id, local), threads, Some(responder)) else {
        call.state.connections.borrow_mut().remove(id);
        return call.undefined();
    };
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(id) {
        entry.socket = Some(LoopSocket::new(stream, Inbox::new(single, local)));
        entry.connection.set_writes(true);
    }
    queue_answer(call, id, 6)?;
    call.double(id as f64)
}
