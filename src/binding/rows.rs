//! Rows of a shared `Uint32Array`, in which a batch of events goes to JavaScript.

use std::ptr;

use napi_sys as sys;
use ws_rs_protocol::{Payload, ProtocolError};

use super::buffer::BufferStore;
use super::call::{Bytes, Call, Fault, Outcome, check};
use super::environment::Link;
use super::values::Value;
use ws_rs_engine::registry::{Id, Registry};

/// Row kinds. lib/connection/decoder.js has the same numbers.
pub(crate) const TEXT: u32 = 1;
pub(crate) const BINARY: u32 = 2;
pub(crate) const CLOSE: u32 = 8;
pub(crate) const PING: u32 = 9;
pub(crate) const PONG: u32 = 10;
pub(crate) const COMPRESSED: u32 = 16;
const ERROR: u32 = 32;
/// Added to a kind: the payload is a `Buffer` of its own, in the second array.
const STORED: u32 = 0x100;
/// Added to a kind: the payload is what was just handed in.
pub(crate) const WHOLE: u32 = 0x200;

/// A row is kind, start, length and one value more; row 0 holds the position reached.
const ROW: usize = 4;

/// The arrays that events are written to, one pair for each depth of nesting: a listener may feed
/// another connection while the events of the first are still being read.
#[derive(Debug, Default)]
pub(crate) struct EventArrays {
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    rows: *mut u32,
    len: usize,
    payloads: Value,
}

/// Writes rows while JavaScript waits.
pub(crate) struct Rows<'a> {
    env: sys::napi_env,
    rows: &'a mut [u32],
    payloads: Value,
    count: usize,
    handed_out: usize,
    longest: Option<usize>,
    single: bool,
}

impl Rows<'_> {
    /// Fills row 0 for a chunk of `len` bytes at `base` of its slab.
    pub(crate) fn begin(&mut self, len: usize, base: u32, id: Id) {
        let place = Registry::<Link>::place(id);
        self.rows[..ROW].copy_from_slice(&[len as u32, len as u32, base, place]);
    }

    /// Says where the chunk lies instead.
    pub(crate) fn set_base(&mut self, base: u32) {
        self.rows[2] = base;
    }

    /// Takes one event only.
    pub(crate) fn set_single(&mut self, single: bool) {
        self.single = single;
    }

    /// Notes how far the chunk was read.
    pub(crate) fn reached(&mut self, position: usize) {
        self.rows[0] = position as u32;
    }

    /// How many rows there are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// Where the last payload ends that lies in the chunk.
    pub(crate) const fn handed_out(&self) -> usize {
        self.handed_out
    }

    /// The kind of the only row, if it is a message that fills the rest of the chunk.
    pub(crate) fn only_message(&self, len: usize) -> Option<u32> {
        let kind = self.rows[ROW];
        (self.count == 1 && self.rows[0] == len as u32 && matches!(kind, TEXT | BINARY))
            .then_some(kind)
    }

    /// The length of the longest message, if there is one.
    pub(crate) const fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// Whether no more events are to be taken.
    pub(crate) const fn is_full(&self) -> bool {
        (self.count + 2) * ROW > self.rows.len() || (self.single && self.count > 0)
    }

    /// Adds an event whose payload is all but the first `skip` bytes of what is given.
    pub(crate) fn push(
        &mut self,
        kind: u32,
        payload: Option<&Payload<BufferStore>>,
        skip: usize,
        extra: u32,
    ) -> Outcome<()> {
        let (mut kind, mut start, mut len) = (kind, 0, 0);
        match payload {
            Some(Payload::Input(range)) => {
                (start, len) = (range.start, range.len());
                self.handed_out = self.handed_out.max(range.end);
            }
            Some(Payload::Stored(store)) => {
                kind |= STORED;
                len = store.filled();
                self.set_payload(self.count as u32 + 1, store.value())?;
            }
            None => {}
        }
        if matches!(kind & 0xff, TEXT | BINARY) {
            self.longest = self.longest.max(Some(len));
        }
        let skip = skip.min(len);
        self.write([kind, (start + skip) as u32, (len - skip) as u32, extra]);
        Ok(())
    }

    fn write(&mut self, row: [u32; ROW]) {
        self.count += 1;
        let at = self.count * ROW;
        self.rows[at..at + ROW].copy_from_slice(&row);
    }

    fn set_payload(&self, row: u32, value: sys::napi_value) -> Outcome<()> {
        let array = self.payloads.get(self.env);
        // SAFETY: the array that `register_events` kept and the Buffer are live values of this
        // environment.
        check(unsafe { sys::napi_set_element(self.env, array, row, value) })
    }

    pub(crate) fn error(&mut self, error: ProtocolError) {
        self.write([ERROR, error.kind as u32, error.value, 0]);
    }
}

impl EventArrays {
    /// The `Buffer` that lies in the first place of the outermost level's payloads, which no event
    /// takes: memory for a long message.
    pub(crate) fn spare(&self, env: sys::napi_env) -> Outcome<Option<Bytes>> {
        let Some(level) = self.levels.first() else {
            return Ok(None);
        };
        let array = level.payloads.get(env);
        let mut value = ptr::null_mut();
        let mut is_buffer = false;
        // SAFETY: as in `set_payload`, and valid out pointers.
        unsafe {
            check(sys::napi_get_element(env, array, 0, &mut value))?;
            check(sys::napi_is_buffer(env, value, &mut is_buffer))?;
        }
        if is_buffer {
            Bytes::of(env, value).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The rows of a nesting level.
    pub(crate) fn open(&mut self, env: sys::napi_env, depth: u32) -> Outcome<Rows<'_>> {
        let level = self
            .levels
            .get(depth as usize)
            .ok_or(Fault::Message("ws-rs: no event array for this depth"))?;
        // SAFETY: pointer and length are those of a Uint32Array that `register_events` keeps alive
        // and that JavaScript neither detaches nor resizes; no JavaScript runs while `Rows` lives.
        let rows = unsafe { std::slice::from_raw_parts_mut(level.rows, level.len) };
        Ok(Rows {
            env,
            rows,
            payloads: level.payloads,
            count: 0,
            handed_out: 0,
            longest: None,
            single: false,
        })
    }
}

/// `registerEvents(rows: Uint32Array, payloads: any[])`: the arrays of the next nesting level.
pub(crate) fn register_events(call: &Call<'_>) -> Outcome {
    let (mut kind, mut len, mut data, mut buffer, mut offset) =
        (0, 0, ptr::null_mut(), ptr::null_mut(), 0);
    // SAFETY: live environment and value, valid out pointers.
    unsafe {
        check(sys::napi_get_typedarray_info(
            call.env,
            call.value(0),
            &mut kind,
            &mut len,
            &mut data,
            &mut buffer,
            &mut offset,
        ))?;
        if kind != sys::TypedarrayType::uint32_array || len < 2 * ROW {
            return Err(Fault::Message(
                "ws-rs: events go to a Uint32Array of two rows or more",
            ));
        }
    }
    // The memory of the rows stays where it is as long as it is kept, which is to the end.
    call.state.values.keep(call.value(0), None)?;
    let payloads = call.state.values.keep(call.value(1), None)?;
    call.state.events.borrow_mut().levels.push(Level {
        rows: data.cast(),
        len,
        payloads,
    });
    call.undefined()
}
