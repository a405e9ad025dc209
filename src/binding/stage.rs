//! Frames that JavaScript has staged: it puts short messages into memory of ours, and they go to their
//! outboxes at its next call, or when the turn is over. A call for each would cost more than the rest.

use std::sync::atomic::Ordering::Relaxed;

use ws_rs_engine::connection::{Options, Sent};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::encode_frame_with;

use super::call::{Bytes, Call, Fault, Outcome};
use super::encode::frame_of;
use super::environment::{Entry, Environment};
use super::outbox::{after_write, with_wire_of_program};
use super::shared_memory::SharedMemory;
use crate::numbers::stage::{COUNT, DATA, MAX_LENGTH, MOST, OPEN, RECORD, RECORDS, STEP};

/// The bytes of one of its numbers.
const NUMBER: usize = size_of::<u32>();
const SIZE: usize = DATA + MOST * STEP;
const _: () = assert!(MAX_LENGTH <= STEP && (RECORDS + MOST * RECORD) * NUMBER <= DATA);

/// The memory. What is in it may be anything, at any time: nothing is believed that is not looked at here, once.
#[derive(Debug)]
pub(crate) struct Stage {
    memory: SharedMemory,
}

impl Stage {
    fn number(&self, index: usize) -> u32 {
        self.memory.native_numbers()[index].load(Relaxed)
    }

    fn set(&self, index: usize, number: u32) {
        self.memory.native_numbers()[index].store(number, Relaxed);
    }

    /// Whether JavaScript may stage frames, as of `stage` in `numbers.rs`.
    pub(crate) fn open(&self, how: u32) -> u32 {
        let before = self.number(OPEN);
        self.set(OPEN, how);
        before
    }

    /// How many frames there are. They are the caller's from now on.
    fn take(&self) -> usize {
        let count = self.number(COUNT) as usize;
        if count > 0 {
            self.set(COUNT, 0);
        }
        count.min(MOST)
    }

    /// A frame: whose it is, its first byte, and its payload if that is within the memory.
    fn frame(&self, index: usize) -> (Id, u32, Bytes) {
        let at = RECORDS + index * RECORD;
        let (low, high) = (self.number(at), self.number(at + 1));
        let (first, length) = (self.number(at + 2), self.number(at + 3) as usize);
        let payload = self
            .memory
            .native_bytes(DATA + index * STEP, length.min(MAX_LENGTH));
        (Id::from(high) << 32 | Id::from(low), first, payload)
    }
}

/// `stage() -> ArrayBuffer | undefined`: the memory, if there can be some. To be called once.
pub(crate) fn stage(call: &Call<'_>) -> Outcome {
    let (memory, value) = SharedMemory::create(&call.state.values, SIZE)?;
    if !memory.is_native() {
        return call.undefined();
    }
    if call.state.stage.set(Stage { memory }).is_err() {
        return Err(Fault::Message("ws-rs: there is a stage"));
    }
    Ok(value)
}

/// Puts what is staged into the outboxes: there it waits for the end of the batch of turns.
#[inline]
pub(crate) fn clear_stage(state: &Environment) {
    if let Some(stage) = state.stage.get() {
        let count = stage.take();
        if count > 0 {
            send_staged(state, stage, count);
        }
    }
}

#[inline(never)]
fn send_staged(state: &Environment, stage: &Stage, count: usize) {
    state.schedule.borrow_mut().note_unlooked(count as u8);
    let mut connections = state.connections.borrow_mut();
    for index in 0..count {
        let (id, first, payload) = stage.frame(index);
        let Some(entry) = connections.get_mut(id) else {
            continue;
        };
        let was_blocked = entry.connection.outbox().is_blocked();
        let sent = send(state, id, entry, first, payload);
        let connection = &entry.connection;
        connection.count_message(sent, first as u8, payload.len);
        if sent == Sent::WithBatch {
            continue;
        }
        after_write(state, entry, sent);
        if entry.connection.needs_look(sent, was_blocked) {
            state.to_attend.borrow_mut().push(id);
        }
    }
}

fn send(state: &Environment, id: Id, entry: &mut Entry, first: u32, payload: Bytes) -> Sent {
    let Entry {
        connection, socket, ..
    } = entry;
    let options = Options {
        more_messages: true,
        track: false,
    };
    let sent = with_wire_of_program(state, socket.as_mut(), |wire| {
        connection.send(
            |out| {
                encode_frame_with(&frame_of(first & 0xff), payload.len, out, |out| {
                    payload.append_to(out)
                });
                Ok::<_, std::convert::Infallible>(())
            },
            options,
            (&mut state.schedule.borrow_mut(), id),
            || state.begin_waiting_in_turn(),
            || state.spare_buffer(),
            wire,
        )
    });
    match sent {
        Ok(sent) => sent,
        Err(never) => match never {},
    }
}
