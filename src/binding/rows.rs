//! Rows of a shared `Uint32Array`, in which a batch of events goes to JavaScript.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use napi_sys as sys;
use ws_rs_protocol::{Payload, ProtocolError};

use super::buffer::BufferStore;
use super::bytes::Bytes;
use super::fault::{Fault, Outcome, check};
use super::shared_memory::SharedMemory;
use super::values::{Value, Values};
use crate::numbers::frame::{BINARY, TEXT};
use crate::numbers::header::POSITION;
use crate::numbers::row::{COMPRESSED, ERROR, INFLATED, KIND, LAST, SIZE, STORED};
use ws_rs_engine::inbox::SCRATCH;
use ws_rs_engine::meter::Meter;
use ws_rs_engine::registry::{Id, Registry};

/// A frame takes two bytes, so that no chunk of the scratch has more events.
const MAX_ROWS: usize = SCRATCH / 2;

/// The arrays that events are written to, one pair for each depth of nesting: a listener may feed
/// another connection while the events of the first are still being read.
#[derive(Debug, Default)]
pub(crate) struct EventArrays {
    levels: Vec<Level>,
}

#[derive(Debug)]
struct Level {
    rows: SharedMemory,
    payloads: Value,
}

/// Writes rows while JavaScript waits.
pub(crate) struct Rows<'a> {
    env: sys::napi_env,
    rows: &'a [AtomicU32],
    payloads: Value,
    count: usize,
    /// How far the chunk was read.
    position: u32,
    /// The kind of the last row; that of no event if there is none.
    last: u32,
    longest: Option<usize>,
    /// How many messages there are, and their bytes.
    messages: (u64, u64),
    /// Payloads of their own, by row.
    stored: Vec<(u32, sys::napi_value)>,
}

/// Payloads that JavaScript is to find beside the rows, by row.
#[must_use]
pub(crate) struct Stored {
    env: sys::napi_env,
    array: Value,
    list: Vec<(u32, sys::napi_value)>,
}

impl Stored {
    /// Puts them there. To be called in the scope in which they were made, with nothing borrowed: a program
    /// that gets hold of the array may have JavaScript run when something is put into it.
    pub(crate) fn hand_over(self) -> Outcome<()> {
        if self.list.is_empty() {
            return Ok(());
        }
        let array = self.array.get(self.env);
        for (row, value) in self.list {
            // SAFETY: the array that `event_rows` kept and the Buffer are live values of this
            // environment.
            check(unsafe { sys::napi_set_element(self.env, array, row, value) })?;
        }
        Ok(())
    }
}

impl Rows<'_> {
    /// Fills row 0 for a chunk of `len` bytes that lies where `source` says.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) fn begin(&mut self, len: usize, source: u32, id: Id) {
        let slot = Registry::<()>::slot(id);
        self.position = len as u32;
        self.set(0, [len as u32, len as u32, source, slot]);
    }

    /// The peer's end is behind the chunk, which the last row says.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) fn mark_end(&mut self) {
        if self.count > 0 {
            self.last |= LAST;
            self.rows[self.count * SIZE].store(self.last, Relaxed);
        }
    }

    /// Notes how far the chunk was read.
    pub(crate) fn reached(&mut self, position: usize) {
        self.position = position as u32;
        self.rows[POSITION].store(self.position, Relaxed);
    }

    /// How many rows there are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// The kind of the only row, if it is a message that fills the rest of the chunk.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) fn only_message(&self, len: usize) -> Option<u32> {
        let kind = self.last & !INFLATED;
        (self.count == 1 && self.position == len as u32 && matches!(kind, TEXT | BINARY))
            .then_some(kind)
    }

    /// Whether the last event is a message that an I/O thread has inflated.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) const fn ends_inflated(&self) -> bool {
        self.last & INFLATED != 0
    }

    /// Whether the last event is a message to be inflated.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) const fn ends_compressed(&self) -> bool {
        self.last & KIND == COMPRESSED
    }

    /// The length of the longest message, if there is one.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) const fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// Tells a meter of the messages, and of the bytes of frames that they came in.
    pub(crate) fn count_on(&self, meter: Option<&Rc<Meter>>, wire_bytes: usize) {
        if let Some(meter) = meter {
            meter.received.add(self.messages.0, self.messages.1);
            meter.received.wire_bytes.add(wire_bytes as u64);
        }
    }

    /// Whether there is room for one more.
    pub(crate) const fn has_room(&self) -> bool {
        (self.count + 2) * SIZE <= self.rows.len()
    }

    /// Adds an event whose payload is all but the first `skip` bytes of what is given.
    pub(crate) fn push(
        &mut self,
        kind: u32,
        payload: Option<&Payload<BufferStore>>,
        skip: usize,
        extra: u32,
    ) {
        let (mut kind, mut start, mut len) = (kind, 0, 0);
        match payload {
            Some(Payload::Input(range)) => {
                (start, len) = (range.start, range.len());
            }
            Some(Payload::Stored(store)) => {
                kind |= STORED;
                len = store.filled();
                // Of one of 4 GiB and more, what has no room there; of such nothing is skipped.
                start = (len as u64 >> u32::BITS) as usize;
                self.stored.push((self.count as u32 + 1, store.value()));
            }
            None => {}
        }
        if matches!(kind & KIND, TEXT | BINARY) {
            self.longest = self.longest.max(Some(len));
            self.messages.0 += 1;
            self.messages.1 += len as u64;
        }
        let skip = skip.min(len);
        self.write([kind, (start + skip) as u32, (len - skip) as u32, extra]);
    }

    fn write(&mut self, row: [u32; SIZE]) {
        self.count += 1;
        self.last = row[0];
        self.set(self.count, row);
    }

    fn set(&self, index: usize, row: [u32; SIZE]) {
        let numbers = &self.rows[index * SIZE..][..SIZE];
        for (number, value) in numbers.iter().zip(row) {
            number.store(value, Relaxed);
        }
    }

    /// Whether bytes are in the memory of the rows themselves.
    pub(crate) fn are_among(&self, bytes: Bytes) -> bool {
        bytes.overlap(self.rows)
    }

    /// The payloads that are no part of the chunk.
    pub(crate) fn take_stored(&mut self) -> Stored {
        Stored {
            env: self.env,
            array: self.payloads,
            list: std::mem::take(&mut self.stored),
        }
    }

    pub(crate) fn push_error(&mut self, error: ProtocolError) {
        self.write([ERROR, error.kind as u32, error.value, 0]);
    }
}

impl EventArrays {
    /// The `Buffer` that is the first element of the outermost level's payloads, which no event
    /// takes: memory for a long message. None that others could write to meanwhile, be it another thread or who
    /// fills the rows.
    ///
    /// What was put in the array's place may have JavaScript run when it is asked for its element, so the arrays are
    /// borrowed here, and not by the caller.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) fn spare(events: &RefCell<Self>, env: sys::napi_env) -> Outcome<Option<Bytes>> {
        let Some(payloads) = events.borrow().levels.first().map(|level| level.payloads) else {
            return Ok(None);
        };
        let array = payloads.get(env);
        let mut value = ptr::null_mut();
        let mut is_buffer = false;
        // SAFETY: the array that `event_rows` kept is a live value of this environment, and valid out pointers.
        unsafe {
            check(sys::napi_get_element(env, array, 0, &mut value))?;
            check(sys::napi_is_buffer(env, value, &mut is_buffer))?;
        }
        if !is_buffer {
            return Ok(None);
        }
        let bytes = Bytes::own(env, value)?;
        let events = events.borrow();
        let Some(level) = events.levels.first() else {
            return Ok(None);
        };
        // SAFETY: nothing is done with the numbers but to look where they are.
        let rows = unsafe { level.rows.numbers(env) }?;
        Ok(bytes.filter(|bytes| !bytes.overlap(rows)))
    }

    /// The arrays of the next nesting level, with space for so many rows.
    pub(crate) fn add_level(
        &mut self,
        values: &Values,
        count: usize,
        payloads: sys::napi_value,
    ) -> Outcome {
        if count > MAX_ROWS {
            return Err(Fault::Message("ws-rs: no chunk has so many events"));
        }
        let len = count.max(2) * SIZE;
        let payloads = values.keep(payloads, None)?;
        let (rows, value) = SharedMemory::create(values, len * size_of::<u32>())?;
        self.levels.push(Level { rows, payloads });
        Ok(value)
    }

    /// The rows of a nesting level.
    pub(crate) fn open(&mut self, env: sys::napi_env, depth: u32) -> Outcome<Rows<'_>> {
        let level = self
            .levels
            .get(depth as usize)
            .ok_or(Fault::Message("ws-rs: no event array for this depth"))?;
        // SAFETY: no JavaScript runs while `Rows` lives, which borrows the arrays mutably; who has a slice of bytes of a
        // program's meanwhile has asked `are_among`.
        let rows = unsafe { level.rows.numbers(env) }?;
        Ok(Rows {
            env,
            rows,
            payloads: level.payloads,
            count: 0,
            position: 0,
            last: 0,
            longest: None,
            messages: (0, 0),
            stored: Vec::new(),
        })
    }
}
