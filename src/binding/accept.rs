//! Opening handshakes that Node need not see: the request is read here, and JavaScript answers it.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

use napi_sys as sys;
use ws_rs_engine::connection::Connection;
use ws_rs_engine::inbox::Inbox;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{MAX_HEAD, PingResponder, Role, UpgradeRequest};
use ws_rs_wire::{
    Begin, CAN_ACCEPT, Read, borrow, end_writing, has_one_form, peek_some, read_some,
};

use super::call::{Call, Outcome, check};
use super::config::read_config;
use super::environment::{Entry, Environment};
use super::event_loop::LoopSocket;
use super::send::queue_answer;
use crate::numbers::config::{ANSWER_PINGS, LOCAL, SINGLE};
use crate::numbers::request::{NOTHING, OTHER};

/// `acceptListen(fd) -> boolean`: has `onConnection` called for each connection that comes on a listening
/// socket and is taken here; libuv takes others.
pub(crate) fn accept_listen(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    let listens = CAN_ACCEPT && call.state.event_loop.listen(call, fd);
    call.number(u32::from(listens))
}

/// `acceptLeave(fd)`: takes none of these any more. To be called before it is closed.
pub(crate) fn accept_leave(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    call.state.event_loop.leave_listening(fd);
    call.undefined()
}

/// `acceptBorrow(fd) -> id`: a connection that is yet to be opened, on the descriptor of a handle of Node's
/// which nobody reads; whoever closes that frees the connection before. `undefined`: there is no room for it.
pub(crate) fn accept_borrow(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    if fd < 0 || !call.state.event_loop.is_ready(call) {
        return call.undefined();
    }
    match call
        .state
        .event_loop
        .insert(call.state, LoopSocket::incoming(fd))
    {
        Some(id) => call.double(id as f64),
        None => call.undefined(),
    }
}

/// `acceptRequest(id) -> string | number`: the head of the request to be upgraded that has come on a
/// connection which nobody has read yet, if nothing came behind it; it is taken. Or one of the numbers of `request`, and nothing was taken.
pub(crate) fn accept_request(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let mut room = [0; MAX_HEAD];
    let len = match with_descriptor(call.state, id, |fd| read_request(fd, &mut room)) {
        Some(Ok(len)) => len,
        Some(Err(other)) => return call.number(other),
        None => return call.number(OTHER),
    };
    let mut head = ptr::null_mut();
    // SAFETY: a live environment in its callback, bytes that are valid for the call and copied, a
    // valid out pointer.
    check(unsafe {
        sys::napi_create_string_latin1(call.env, room.as_ptr().cast(), len as isize, &mut head)
    })?;
    Ok(head)
}

fn read_request(fd: BorrowedFd<'_>, room: &mut [u8]) -> Result<usize, u32> {
    let came = match peek_some(fd, room) {
        Read::Bytes(len) => len,
        Read::Empty => return Err(NOTHING),
        Read::End | Read::Failed(_) | Read::Broken | Read::Dead => return Err(OTHER),
    };
    let UpgradeRequest::Whole(len) = UpgradeRequest::alone(&room[..came]) else {
        return Err(OTHER);
    };
    // An ordinary read: discarding by a flag does not work on Unix sockets. It gives what was just
    // seen, unless the connection broke meanwhile, which Node then meets as well.
    if read_some(fd, &mut room[..len]) != Read::Bytes(len) {
        return Err(OTHER);
    }
    Ok(len)
}

fn with_descriptor<T>(
    state: &Environment,
    id: Id,
    body: impl FnOnce(BorrowedFd<'_>) -> T,
) -> Option<T> {
    let mut connections = state.connections.borrow_mut();
    let socket = connections.get_mut(id)?.socket.as_ref()?;
    Some(body(borrow(socket.descriptor())))
}

/// `acceptAwait(id) -> boolean`: has `onRequest` called as soon as something comes on the connection, once;
/// `false`: it cannot be watched.
pub(crate) fn accept_await(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let mut connections = call.state.connections.borrow_mut();
    let socket = connections
        .get_mut(id)
        .and_then(|entry| entry.socket.as_mut());
    let awaits = socket
        .is_some_and(|socket| socket.await_request(&call.state.event_loop, id, Begin::Reader));
    call.number(u32::from(awaits))
}

/// `acceptOpen(id, maxPayload, maxFragments, maxBufferedChunks, flags, requestLength, answer, threads) ->
/// boolean`: what comes behind the request is the connection's from now on, on one of so many threads if
/// there are any; the answer to its handshake waits for what is sent in this tick, whose end JavaScript is to
/// tell. `false`: it cannot be watched.
pub(crate) fn accept_open(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let config = read_config(call, 1)?;
    let flags = call.u32(4)?;
    let request_len = call.u32(5)?;
    let threads = call.u32(7)? as usize;
    {
        let mut connections = call.state.connections.borrow_mut();
        let Some(Entry {
            connection,
            socket: Some(socket),
            ..
        }) = connections.get_mut(id)
        else {
            return call.number(0);
        };
        let responder = if flags & ANSWER_PINGS != 0 {
            PingResponder::new(config)
        } else {
            PingResponder::silent(config)
        };
        let inbox = Inbox::new(flags & SINGLE != 0, flags & LOCAL != 0);
        if !socket.open(&call.state.event_loop, (id, inbox), threads, responder) {
            return call.number(0);
        }
        *connection = Connection::new(Role::Server, config);
        connection.bytes_read = u64::from(request_len);
        connection.set_writes(true);
    }
    queue_answer(call, id, 6)?;
    call.number(1)
}

/// `descriptorOf(id) -> number`: that of a connection's socket; -1 if it has none.
pub(crate) fn descriptor_of(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let fd = with_descriptor(call.state, id, |fd| fd.as_raw_fd());
    call.double(f64::from(fd.unwrap_or(-1)))
}

/// `descriptorGive(id)`: whoever made a handle of the connection's descriptor closes it from now on.
pub(crate) fn descriptor_give(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let mut connections = call.state.connections.borrow_mut();
    if let Some(socket) = connections
        .get_mut(id)
        .and_then(|entry| entry.socket.as_mut())
    {
        socket.give_descriptor();
    }
    call.undefined()
}

/// `descriptorEnd(fd)`: tells the peer of a socket that nothing more will be written.
pub(crate) fn descriptor_end(call: &Call<'_>) -> Outcome {
    let fd = call.i32(0)?;
    if fd >= 0 {
        end_writing(fd);
    }
    call.undefined()
}

/// `descriptorName(id, peer) -> string`: the address of the socket's peer or its own, as family, port and
/// address; `undefined`: Node is to be asked, who writes some in other ways.
pub(crate) fn descriptor_name(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let peer = call.bool(1)?;
    let name = with_descriptor(call.state, id, |fd| ws_rs_wire::name(fd, peer)).flatten();
    match name {
        Some(name) if has_one_form(name.ip()) => {
            let family = if name.is_ipv4() { "IPv4" } else { "IPv6" };
            call.string(&format!("{family} {} {}", name.port(), name.ip()))
        }
        _ => call.undefined(),
    }
}
