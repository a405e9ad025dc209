//! What libuv would have read together with a message that was read alone.

use ws_rs_engine::registry::Id;
use ws_rs_protocol::{OutOfMemory, PayloadStore};
use ws_rs_wire::Read;

use super::super::buffer::{BufferStore, Scope};
use super::super::call::{Call, Fault, Outcome};
use super::super::environment::Entry;
use super::LoopState;

impl LoopState {
    /// Notes that so many bytes are behind what was just read.
    pub(super) fn note_behind(&self, id: Id, len: usize) {
        if len > 0 {
            self.behind.set(Some((id, len)));
        } else {
            self.take_behind(id);
        }
    }

    fn take_behind(&self, id: Id) -> Option<usize> {
        let (_, len) = self.behind.get().filter(|(other, _)| *other == id)?;
        self.behind.set(None);
        Some(len)
    }
}

/// `loopBehind(id) -> Buffer | undefined`: what had come behind the message that is being handed out, where
/// libuv would have read both at once, if nothing was read since.
pub(crate) fn loop_behind(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let id = call.id(0)?;
    let (
        Some(most),
        Some(Entry {
            connection,
            socket: Some(socket),
            ..
        }),
    ) = (
        call.state.event_loop.take_behind(id),
        connections.get_mut(id),
    )
    else {
        return call.undefined();
    };
    let _scope = Scope::enter(call.env);
    let mut store = memory(most)?;
    let len = store.fill(most, &mut |room| match socket.stream_mut().read(room) {
        Read::Bytes(len) => len,
        // An end is met again, if anybody still reads.
        _ => 0,
    });
    if len == 0 {
        return call.undefined();
    }
    connection.bytes_read += len as u64;
    if len < most {
        let mut exact = memory(len)?;
        exact.append(store.as_slice());
        store = exact;
    }
    Ok(store.value())
}

fn memory(len: usize) -> Outcome<BufferStore> {
    BufferStore::with_capacity(len)
        .map_err(|OutOfMemory| Fault::Message("ws-rs: no memory for what has come"))
}
