//! Bytes in, events out: a batch of events goes to JavaScript as rows of a shared `Uint32Array`.

use std::ptr;

use napi::sys;
use ws_rs_protocol::{
    Config, Connection, ErrorClass, ErrorKind, Event, Inflated, Input, Payload, ProtocolError, Role,
};

use super::buffer::{BufferStore, Scope};
use super::call::{Bytes, Call, Fault, Outcome, check};
use super::environment::Link;
use super::registry::Registry;

/// Row kinds. lib/decoder.js has the same numbers.
pub(crate) const TEXT: u32 = 1;
const BINARY: u32 = 2;
const CLOSE: u32 = 8;
const PING: u32 = 9;
const PONG: u32 = 10;
const COMPRESSED: u32 = 16;
const ERROR: u32 = 32;
/// Added to a kind: the payload is a `Buffer` of its own, in the second array.
const STORED: u32 = 0x100;
/// Added to a kind: the payload is what was just handed in.
const WHOLE: u32 = 0x200;

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
    payloads: sys::napi_ref,
}

/// Writes rows while JavaScript waits.
pub(crate) struct Rows<'a> {
    env: sys::napi_env,
    rows: &'a mut [u32],
    payloads: sys::napi_ref,
    count: usize,
    handed_out: usize,
    longest: Option<usize>,
    single: bool,
}

impl Rows<'_> {
    /// Fills row 0 for a chunk of `len` bytes at `base` of its slab.
    pub(crate) fn begin(&mut self, len: usize, base: u32, id: u32) {
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

    const fn is_full(&self) -> bool {
        (self.count + 2) * ROW > self.rows.len() || (self.single && self.count > 0)
    }

    fn push(
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
        let mut array = ptr::null_mut();
        // SAFETY: the reference was made by `register_events` in this environment and is never
        // deleted; the array and the Buffer are live values.
        unsafe {
            check(sys::napi_get_reference_value(
                self.env,
                self.payloads,
                &mut array,
            ))?;
            check(sys::napi_set_element(self.env, array, row, value))
        }
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
        let (mut array, mut value) = (ptr::null_mut(), ptr::null_mut());
        let mut is_buffer = false;
        // SAFETY: as in `set_payload`, and valid out pointers.
        unsafe {
            check(sys::napi_get_reference_value(
                env,
                level.payloads,
                &mut array,
            ))?;
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
    let mut keep = ptr::null_mut();
    let mut payloads = ptr::null_mut();
    // SAFETY: live environment and values, valid out pointers. The first reference is never
    // deleted, so that the memory stays where it is until the environment ends.
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
        check(sys::napi_create_reference(
            call.env,
            call.value(0),
            1,
            &mut keep,
        ))?;
        check(sys::napi_create_reference(
            call.env,
            call.value(1),
            1,
            &mut payloads,
        ))?;
    }
    call.state.events.borrow_mut().levels.push(Level {
        rows: data.cast(),
        len,
        payloads,
    });
    call.undefined()
}

/// `connectionCreate(isServer, maxPayload, maxFragments, maxBufferedChunks, flags) -> id`; flags:
/// 1 permessage-deflate was negotiated, 2 skip the UTF-8 check.
pub(crate) fn connection_create(call: &Call<'_>) -> Outcome {
    let role = if call.bool(0)? {
        Role::Server
    } else {
        Role::Client
    };
    let link = Link {
        connection: Connection::new(role, read_config(call)?),
        queued: Vec::new(),
        fd: -1,
        bytes_read: 0,
        bytes_written: 0,
        socket: None,
    };
    let id = call
        .state
        .connections
        .borrow_mut()
        .insert(link)
        .ok_or(Fault::Message("ws-rs: too many connections in one process"))?;
    call.number(id)
}

/// `connectionConfigure(id, maxPayload, maxFragments, maxBufferedChunks, flags)`
pub(crate) fn connection_configure(call: &Call<'_>) -> Outcome {
    let config = read_config(call)?;
    if let Some(link) = call.state.connections.borrow_mut().get_mut(call.u32(0)?) {
        *link.connection.config_mut() = config;
    }
    call.undefined()
}

fn read_config(call: &Call<'_>) -> Outcome<Config> {
    let flags = call.u32(4)?;
    Ok(Config {
        max_payload: call.f64(1)?.max(0.0) as u64,
        max_fragments: call.i32(2)?.max(0) as u32,
        max_buffered_chunks: call.i32(3)?.max(0) as u32,
        compression: flags & 1 != 0,
        skip_utf8_validation: flags & 2 != 0,
    })
}

/// `connectionFree(id)`; the number is then of no meaning.
pub(crate) fn connection_free(call: &Call<'_>) -> Outcome {
    let link = call.state.connections.borrow_mut().remove(call.u32(0)?);
    if let Some(link) = link {
        if let Some(socket) = link.socket {
            call.state.event_loop.close(call.env, socket);
        }
        call.state.recycle(link.queued);
    }
    call.undefined()
}

/// `connectionState(id, which) -> number`: 0 the wire length of the open message, 1 bytes held,
/// 2 frames of the open message, 3 bytes written and 4 bytes read past the `net.Socket`.
pub(crate) fn connection_state(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let Some(link) = connections.get_mut(call.u32(0)?) else {
        return call.number(0);
    };
    call.double(match call.u32(1)? {
        0 => link.connection.message_len() as f64,
        1 => link.connection.held_bytes() as f64,
        3 => link.bytes_written as f64,
        4 => link.bytes_read as f64,
        _ => f64::from(link.connection.open_frames()),
    })
}

/// `handleBytes(id, chunk, position, depth) -> rows written`; the chunk is unmasked in place.
///
/// The batch ends at a control frame, a fragmented message, a compressed frame or an error, so that
/// what JavaScript asks about the connection then is about that event.
pub(crate) fn handle_bytes(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let mut events = call.state.events.borrow_mut();
    let chunk = call.bytes(1)?;
    let position = call.u32(2)? as usize;
    let mut rows = events.open(call.env, call.u32(3)?)?;
    rows.rows[0] = chunk.len as u32;
    let Some(link) = connections.get_mut(call.u32(0)?) else {
        return call.number(0);
    };
    let _scope = Scope::enter(call.env);
    // SAFETY: no JavaScript runs in this call and the chunk is the only slice of its memory.
    let bytes = unsafe { chunk.slice_mut() };
    let connection = &mut link.connection;
    let mut input = if position == 0 {
        match connection.handle_bytes(bytes) {
            Ok(input) => input,
            Err(error) => {
                rows.error(error);
                return call.number(1);
            }
        }
    } else {
        Input::resume(bytes, position)
    };
    if !connection.is_inflating() {
        decode(connection, &mut input, &mut rows)?;
    }
    rows.rows[0] = input.position() as u32;
    call.number(rows.count as u32)
}

pub(crate) fn decode(
    connection: &mut Connection<BufferStore>,
    input: &mut Input<'_>,
    rows: &mut Rows<'_>,
) -> Outcome<()> {
    while !rows.is_full() {
        match connection.poll_event(input) {
            Ok(None) => break,
            Ok(Some(Event::Message(message))) => {
                let kind = if message.binary { BINARY } else { TEXT };
                rows.push(kind, Some(&message.payload), 0, message.frames)?;
                if message.frames > 1 {
                    break;
                }
            }
            Ok(Some(Event::Ping(payload))) => {
                rows.push(PING, Some(&payload), 0, 0)?;
                break;
            }
            Ok(Some(Event::Pong(payload))) => {
                rows.push(PONG, Some(&payload), 0, 0)?;
                break;
            }
            Ok(Some(Event::Close(close))) => {
                rows.push(CLOSE, Some(&close.payload), 2, u32::from(close.code))?;
                break;
            }
            Ok(Some(Event::Compressed(frame))) => {
                rows.push(COMPRESSED, Some(&frame.payload), 0, u32::from(frame.fin))?;
                break;
            }
            Err(error) => {
                rows.error(error);
                break;
            }
        }
    }
    Ok(())
}

/// `handleInflated(id, bytes, depth) -> rows written`: 0 if the message has more frames.
pub(crate) fn handle_inflated(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let mut events = call.state.events.borrow_mut();
    let bytes = call.bytes(1)?;
    let mut rows = events.open(call.env, call.u32(2)?)?;
    let Some(link) = connections.get_mut(call.u32(0)?) else {
        return call.number(0);
    };
    if !link.connection.is_inflating() {
        return call.number(0);
    }
    let _scope = Scope::enter(call.env);
    // SAFETY: no JavaScript runs in this call, and the bytes are only read.
    match link.connection.handle_inflated(unsafe { bytes.slice() }) {
        Ok(Inflated::Incomplete) => {}
        Ok(Inflated::Whole { binary }) => {
            rows.push(WHOLE | if binary { BINARY } else { TEXT }, None, 0, 1)?;
        }
        Ok(Inflated::Assembled(message)) => {
            let kind = if message.binary { BINARY } else { TEXT };
            rows.push(kind, Some(&message.payload), 0, message.frames)?;
        }
        Err(error) => rows.error(error),
    }
    call.number(rows.count as u32)
}

/// `fragmentEnds(id) -> number[]`: where the frames of the last message end, empty ones left out.
pub(crate) fn fragment_ends(call: &Call<'_>) -> Outcome {
    let mut connections = call.state.connections.borrow_mut();
    let Some(link) = connections.get_mut(call.u32(0)?) else {
        return call.array(&[]);
    };
    let ends: Outcome<Vec<_>> = link
        .connection
        .fragment_ends()
        .iter()
        .map(|end| call.double(*end as f64))
        .collect();
    call.array(&ends?)
}

/// `errorTable() -> [number, code, isRangeError, message, closeCode, ...]`, five entries a kind.
pub(crate) fn error_table(call: &Call<'_>) -> Outcome {
    let mut items = Vec::new();
    for kind in ErrorKind::ALL {
        let info = kind.info();
        items.extend([
            call.number(*kind as u32)?,
            call.string(info.code)?,
            call.number(u32::from(info.class == ErrorClass::RangeError))?,
            call.string(info.message)?,
            call.number(u32::from(info.close_code))?,
        ]);
    }
    call.array(&items)
}
