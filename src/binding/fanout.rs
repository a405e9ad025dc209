//! One message for many connections, in one call.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use ws_rs_engine::connection::Sent;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::encode_frame_with;

use super::call::{Bytes, Call, Outcome, id_of};
use super::encode::frame_of;
use super::environment::{Entry, Environment};
use super::outbox::{EIO, after_write, with_wire_of_many};
use super::send::length_of;
use crate::numbers::flag::MORE_MESSAGES;
use crate::numbers::sent::{REST, SCHEDULE};

/// The bytes of a number of JavaScript's.
const NUMBER: usize = size_of::<f64>();

/// `share(ids, count, codecs | undefined, payload, flags, end | undefined, length) -> number`
///
/// Sends one unmasked message on the first `count` connections of `ids`, a `Float64Array`. What is
/// to be done for the caller is a number as of `sent`, with the number of connections that JavaScript
/// has to see to, as a stream writes or the wire is broken, above; their indices are put into `ids`.
///
/// The message may be compressed. `codecs`, another `Float64Array`, then are the compressors of the
/// connections, `end` is the message's as it was before, or at least its last 4 KiB of that, and
/// `length` how long it was.
pub(crate) fn share(call: &Call<'_>) -> Outcome {
    let ids = call.bytes(0)?;
    let count = call.u32(1)? as usize;
    let codecs = call.optional_bytes(2)?;
    let payload = call.bytes(3)?;
    let flags = call.u32(4)?;
    let end = call.optional_bytes(5)?;
    let state = call.state;
    let mut shared = Shared::new(state, flags, payload);
    if let Some(length) = length_of(call, flags, 6)? {
        shared.length = length;
    }
    let end: Option<Arc<[u8]>> = end.map(|end| end.copied().into());
    let mut rest = 0;
    for index in 0..count {
        let Some(id) = number(ids, index) else {
            break;
        };
        if shared.send(id_of(id)) {
            if let (Some(codecs), Some(end)) = (codecs, &end)
                && let Some(codec) = number(codecs, index)
            {
                state.compression.see(id_of(codec), end);
            }
        } else {
            ids.write(rest * NUMBER, &(index as f64).to_ne_bytes());
            rest += 1;
        }
    }
    call.number(shared.end() | (rest as u32) << REST)
}

/// `connectionShares(id, takes)`: whether frames for many may be sent on the connection with nobody
/// looking at it.
pub(crate) fn connection_shares(call: &Call<'_>) -> Outcome {
    let takes = call.bool(1)?;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        entry.connection.set_takes_shared(takes);
    }
    call.undefined()
}

/// `connectionLimit(id, bytes)`: frames for many are JavaScript's to see to where more would wait.
pub(crate) fn connection_limit(call: &Call<'_>) -> Outcome {
    let most = call.f64(1)? as u64;
    if let Some(entry) = call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        entry.connection.set_most_waiting(most);
    }
    call.undefined()
}

/// Those of a `Float64Array`, as ids.
pub(crate) fn numbers_of(list: Bytes) -> Vec<Id> {
    (0..list.len / NUMBER)
        .filter_map(|index| number(list, index))
        .map(id_of)
        .collect()
}

/// A number of a `Float64Array`.
fn number(list: Bytes, index: usize) -> Option<f64> {
    list.chunk(index.checked_mul(NUMBER)?)
        .map(f64::from_ne_bytes)
}

/// A message that is being sent to many.
pub(crate) struct Shared<'a> {
    state: &'a Environment,
    frame: Arc<[u8]>,
    /// Of the payload, for the program.
    length: usize,
    more_messages: bool,
    has_sent: bool,
}

impl<'a> Shared<'a> {
    pub(crate) fn new(state: &'a Environment, flags: u32, payload: Bytes) -> Self {
        let mut frame = Vec::new();
        encode_frame_with(&frame_of(flags & 0xff), payload.len, &mut frame, |frame| {
            payload.append_to(frame)
        });
        Self {
            state,
            frame: frame.into(),
            length: payload.len,
            more_messages: flags & MORE_MESSAGES != 0,
            has_sent: false,
        }
    }

    /// Sends it on one connection; `false` if JavaScript has to see to that.
    fn send(&mut self, id: Id) -> bool {
        let mut connections = self.state.connections.borrow_mut();
        connections
            .get_mut(id)
            .is_some_and(|entry| self.send_to(id, entry))
    }

    /// As `send`, of connections that JavaScript does not look at before.
    pub(crate) fn send_if_open(&mut self, id: Id) -> bool {
        let mut connections = self.state.connections.borrow_mut();
        connections
            .get_mut(id)
            .is_some_and(|entry| entry.connection.takes_shared() && self.send_to(id, entry))
    }

    fn send_to(&mut self, id: Id, entry: &mut Entry) -> bool {
        let send = AssertUnwindSafe(|| self.send_on(id, entry));
        let sent = catch_unwind(send).unwrap_or_else(|_| {
            // The message went to stderr. It is the end of this connection, and of no other.
            entry.connection.fail(EIO);
            Some(Sent::Failed)
        });
        let is_sent = !matches!(sent, None | Some(Sent::Failed));
        self.has_sent |= is_sent;
        is_sent
    }

    fn send_on(&self, id: Id, entry: &mut Entry) -> Option<Sent> {
        let state = self.state;
        let Entry {
            connection, socket, ..
        } = &mut *entry;
        let sent = with_wire_of_many(socket.as_mut(), self.frame.len(), |wire| {
            connection.send_shared(
                &self.frame,
                self.more_messages,
                (&mut state.schedule.borrow_mut(), id),
                || state.begin_waiting(),
                || state.spare_buffer(),
                wire,
            )
        });
        if let Some(sent) = sent {
            let connection = &entry.connection;
            connection.count_message(sent, self.frame[0], self.length);
            after_write(state, entry, sent);
        }
        sent
    }

    /// What is to be done for the caller, as of `sent`.
    ///
    /// Frames of others that have waited for long enough are left to the next send: to write to many
    /// takes so long that several messages for them in one tick would never be joined.
    pub(crate) fn end(self) -> u32 {
        if self.has_sent && self.state.schedule.borrow_mut().asks_for_end() {
            SCHEDULE
        } else {
            0
        }
    }
}
