//! TLS of our own: contexts, handshakes, and sockets whose plaintext a stream in JavaScript reads and
//! writes.

use std::borrow::Cow;

use ws_rs_engine::inbox::{Inbox, Reader};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::UpgradeRequest;
use ws_rs_wire::Begin;
use ws_rs_wire::tls::{ClientCertificates, Context as TlsContext, Options, Tls, Version};

use super::call::{Call, Fault, Outcome};
use super::environment::Entry;
use super::event_loop::{LoopSocket, follower};
use crate::numbers::request::{END, HELLO, NOTHING, OTHER};
use crate::numbers::tls::{ASK_CLIENTS, LEAST_13, MOST_12, REQUIRE_CLIENTS};

/// `tlsContext(identities, authorities, flags, protocols, ocsp) -> id | string`: a context, or what is
/// wrong with its options. `identities` are chains in PEM and keys in PKCS #8, DER, by turns, each
/// behind its length of four bytes; `authorities` are in PEM; `protocols` are as in ALPN.
pub(crate) fn tls_context(call: &Call<'_>) -> Outcome {
    let bytes = |index| -> Outcome<Cow<'_, [u8]>> {
        // SAFETY: no JavaScript runs in this call, and the bytes are only read.
        Ok(unsafe { call.bytes(index)?.steady(call.env, call.value(index)) })
    };
    let flags = call.u32(2)?;
    let (identities, authorities) = (bytes(0)?, bytes(1)?);
    let (protocols, ocsp) = (bytes(3)?, bytes(4)?);
    let lists = [split(&identities, 4), split(&protocols, 1)];
    let [Some(identities), Some(protocols)] = lists else {
        return Err(Fault::Message("ws-rs: a list of bytes is not whole"));
    };
    let identities: Vec<_> = identities
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    let context = TlsContext::new(Options {
        identities: &identities,
        ocsp: &ocsp,
        authorities: &authorities,
        clients: match flags {
            flags if flags & REQUIRE_CLIENTS != 0 => ClientCertificates::Required,
            flags if flags & ASK_CLIENTS != 0 => ClientCertificates::Asked,
            _ => ClientCertificates::None,
        },
        versions: (
            if flags & LEAST_13 == 0 {
                Version::Tls12
            } else {
                Version::Tls13
            },
            if flags & MOST_12 == 0 {
                Version::Tls13
            } else {
                Version::Tls12
            },
        ),
        protocols: protocols.into_iter().map(<[u8]>::to_vec).collect(),
    });
    let context = match context {
        Ok(context) => context,
        Err(reason) => return call.string(&reason),
    };
    match call.state.event_loop.contexts.borrow_mut().insert(context) {
        Some(id) => call.double(id as f64),
        None => Err(Fault::Message("ws-rs: too many TLS contexts")),
    }
}

/// Cuts bytes into those that stand behind their lengths, of `width` bytes each.
fn split(mut bytes: &[u8], width: usize) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_at_checked(width)?;
        let len = len
            .iter()
            .fold(0, |len, byte| len << 8 | usize::from(*byte));
        let (part, rest) = rest.split_at_checked(len)?;
        parts.push(part);
        bytes = rest;
    }
    Some(parts)
}

/// `tlsContextFree(id)`: no connection begins in it any more.
pub(crate) fn tls_context_free(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    call.state.event_loop.contexts.borrow_mut().remove(id);
    call.undefined()
}

/// `tlsAccept(id, context | -1) -> boolean`: begins a handshake on a connection that nobody has read yet, and
/// has `onRequest` called when there is something that [`tls_request`] has a word for. Without a
/// context the first is the client's hello. `false`: it cannot be watched.
pub(crate) fn tls_accept(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let is_known = call.f64(1)? >= 0.0;
    let context = call.id(1)?;
    let state = &call.state.event_loop;
    let mut connections = call.state.connections.borrow_mut();
    let socket = connections
        .get_mut(id)
        .and_then(|entry| entry.socket.as_mut())
        .filter(|socket| socket.awaits_request());
    let Some(socket) = socket else {
        return call.number(0);
    };
    let tls = {
        let mut contexts = state.contexts.borrow_mut();
        match contexts.get_mut(context).filter(|_| is_known) {
            None if is_known => return call.number(0),
            context => Tls::new(socket.descriptor(), context.map(|context| &*context)),
        }
    };
    let begins = tls.is_ok_and(|tls| {
        socket.speak_tls(tls);
        socket.await_request(state, id, Begin::Other)
    });
    call.number(u32::from(begins))
}

/// `tlsRequest(id) -> string | number`: the head of the request to be upgraded that has come, or one
/// of the numbers of `request`. The head is taken: whoever has the socket next reads what is behind it.
pub(crate) fn tls_request(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let mut connections = call.state.connections.borrow_mut();
    let Some(Entry {
        connection,
        socket: Some(socket),
        ..
    }) = connections.get_mut(id)
    else {
        return call.undefined();
    };
    let Some(tls) = socket.tls() else {
        return call.undefined();
    };
    let plaintext = tls.plaintext();
    if plaintext.is_empty() {
        return call.number(if tls.error().is_some() || tls.has_ended() {
            END
        } else if tls.awaits_context() {
            HELLO
        } else {
            NOTHING
        });
    }
    let UpgradeRequest::Whole(len) = UpgradeRequest::alone(plaintext) else {
        return call.number(OTHER);
    };
    let head = call.string(str::from_utf8(&plaintext[..len]).unwrap_or_default())?;
    tls.skip(len);
    connection.bytes_read = len as u64;
    Ok(head)
}

/// `tlsServerName(id) -> string`: whom the client wants to speak to; empty if it did not say.
pub(crate) fn tls_server_name(call: &Call<'_>) -> Outcome {
    match with_tls(call, |tls| tls.server_name().to_owned())? {
        Some(name) => call.string(&name),
        None => call.undefined(),
    }
}

/// `tlsBegin(id, context) -> boolean`: goes on with a handshake in a context.
pub(crate) fn tls_begin(call: &Call<'_>) -> Outcome {
    let context = call.id(1)?;
    let mut contexts = call.state.event_loop.contexts.borrow_mut();
    let Some(context) = contexts.get_mut(context) else {
        return call.number(0);
    };
    match with_tls(call, |tls| tls.begin(context).is_ok())? {
        Some(begins) => call.number(u32::from(begins)),
        None => call.undefined(),
    }
}

/// `tlsMove(from, to, single, threads) -> boolean`: the socket that one has is the other's from now on, which
/// reads and writes it, on one of so many threads if there are any.
pub(crate) fn tls_move(call: &Call<'_>) -> Outcome {
    let (from, to) = (call.id(0)?, call.id(1)?);
    let single = call.bool(2)?;
    let threads = call.u32(3)? as usize;
    let state = &call.state.event_loop;
    let mut connections = call.state.connections.borrow_mut();
    let is_free = connections
        .get_mut(to)
        .is_some_and(|entry| from == to || entry.socket.is_none());
    let socket = connections
        .get_mut(from)
        .filter(|entry| is_free && !entry.is_threaded())
        .and_then(|entry| entry.socket.take());
    let Some(mut socket) = socket else {
        return call.number(0);
    };
    let mut heartbeats = call.state.heartbeats.borrow_mut();
    let responder = follower(&mut heartbeats, to, threads);
    let follows = responder.is_some();
    let moved = threads == 0 || socket.move_to_thread(state, to, threads, responder);
    let Some(entry) = connections.get_mut(if moved { to } else { from }) else {
        return call.number(0);
    };
    if moved {
        state.rename(&mut socket, to);
        socket.set_inbox(Inbox::new(single, false));
        socket.set_reader(state, to, Reader::Connection);
        // What waits to be written does so here, too.
        socket.watch_writable(state, socket.is_writing());
    }
    entry.socket = Some(socket);
    if moved && follows {
        entry.leave_heartbeat(to, &mut heartbeats);
    }
    call.number(u32::from(moved))
}

/// `tlsRead(id, reads)`: whether a stream in JavaScript gets what comes, by `onUndecoded`.
pub(crate) fn tls_read(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let reader = if call.bool(1)? {
        Reader::Stream
    } else {
        Reader::Nobody
    };
    with_socket(call, id, |socket| {
        socket.set_reader(&call.state.event_loop, id, reader);
    });
    call.undefined()
}

/// `tlsWrite(id, bytes) -> number`: 1 if all is written, 0 if `onUnwritten` will be called when it is,
/// or a system error number below 0.
pub(crate) fn tls_write(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let mut bytes = Vec::new();
    // Another thread may write to what a program gives its socket.
    call.bytes(1)?.append_to(&mut bytes);
    let written = with_socket(call, id, |socket| {
        socket.write_tls(&call.state.event_loop, id, &bytes)
    });
    match written {
        Some(Ok(is_written)) => call.number(u32::from(is_written)),
        Some(Err(error)) => call.double(-f64::from(error)),
        None => call.undefined(),
    }
}

/// `tlsClose(id)`: the socket's descriptor is about to be closed.
pub(crate) fn tls_close(call: &Call<'_>) -> Outcome {
    let socket = match call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        Some(entry) => {
            entry.leave_thread();
            entry.socket.take()
        }
        None => None,
    };
    if let Some(mut socket) = socket {
        // What the kernel takes of it is all that can be done.
        socket.flush();
        call.state.event_loop.close(&call.state.values, socket);
    }
    call.undefined()
}

/// `tlsFacts(id) -> [protocol, cipher, alpn, server name, resumed, distrust, ...certificates]`
pub(crate) fn tls_facts(call: &Call<'_>) -> Outcome {
    let facts = with_tls(call, |tls| (tls.facts(), tls.server_name().to_owned()))?;
    let Some((facts, server_name)) = facts else {
        return call.undefined();
    };
    let mut items = vec![
        call.string(facts.protocol)?,
        call.string(&facts.cipher)?,
        call.buffer(&facts.application_protocol)?,
        call.string(&server_name)?,
        call.number(u32::from(facts.is_resumed))?,
        call.string(facts.distrust)?,
    ];
    for certificate in &facts.certificates {
        items.push(call.buffer(certificate)?);
    }
    call.array(&items)
}

/// `tlsError(id) -> [established, code, text] | [established, errno]`: how it ended, if it has.
pub(crate) fn tls_error(call: &Call<'_>) -> Outcome {
    let ended = with_tls(call, |tls| {
        (tls.is_established(), tls.error(), tls.system_error())
    })?;
    let Some((is_established, error, system_error)) = ended else {
        return call.undefined();
    };
    let mut items = vec![call.number(u32::from(is_established))?];
    if let Some((code, text)) = error {
        items.push(call.string(&code)?);
        items.push(call.string(&text)?);
    } else if let Some(error) = system_error {
        items.push(call.double(f64::from(error))?);
    }
    call.array(&items)
}

/// Calls `body` with the TLS of the connection that the first argument names, if it speaks that.
fn with_tls<T>(call: &Call<'_>, body: impl FnOnce(&mut Tls) -> T) -> Outcome<Option<T>> {
    let id = call.id(0)?;
    Ok(with_socket(call, id, |socket| socket.with_tls(body)).flatten())
}

fn with_socket<T>(call: &Call<'_>, id: Id, body: impl FnOnce(&mut LoopSocket) -> T) -> Option<T> {
    let mut connections = call.state.connections.borrow_mut();
    let socket = connections.get_mut(id)?.socket.as_mut()?;
    Some(body(socket))
}
