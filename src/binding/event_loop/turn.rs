//! One turn of a socket: read, decode, tell JavaScript.

use std::ptr;

use napi_sys as sys;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::Input;

use super::super::buffer::Scope;
use super::super::call::Outcome;
use super::super::decode::decode;
use super::super::environment::{Environment, Link};
use super::super::rows::TEXT;
use super::{Context, LoopSocket};
use ws_rs_engine::prefetch::prefetch;
use ws_rs_wire::{Read, Ready, read_some, waiting};

/// Reads of one socket before others, and timers, have their turn.
const MAX_READS: usize = 4;
/// The least of a frame that is worth a read past the slab.
const DIRECT_PAYLOAD: u64 = 8 * 1024;
/// No more is read at once, so that what a read gave is still in the cache when it is unmasked: half
/// of what a core had of its own where this was measured. 256 KiB and 768 KiB did about as well.
const MAX_READ: usize = 512 * 1024;
/// Beyond this much missing, the kernel is asked how much there is.
const ASK_KERNEL: u64 = 64 * 1024;

/// Calls to the listener that are no number of rows.
const END: i32 = -1;
const UNDECODED: i32 = -2;
pub(super) const NO_SLAB: i32 = -3;
const PAUSED: i32 = -4;
/// All that came is one message, in the slab or in a `Buffer` of its own.
const WHOLE_TEXT: i32 = -5;
const WHOLE_BINARY: i32 = -6;
/// The kernel did not take all that the connection sent.
const UNWRITTEN: i32 = -7;
/// A `Buffer` for a long message is wanted, as long as the length in row 0.
pub(super) const NO_SPARE: i32 = -8;
const FAILED: i32 = -1000;
/// The chunk is a `Buffer` of its own, the first of the payloads, and not in the slab ...
pub(super) const OWN: u32 = u32::MAX;
/// ... but nothing of it is handed out.
const OWN_UNUSED: u32 = OWN - 1;

/// A socket that has something to read.
pub(super) struct Turn<'a> {
    pub(super) state: &'a Environment,
    pub(super) env: sys::napi_env,
    pub(super) id: Id,
    /// To be read until nothing is left: a short read does not tell.
    thorough: bool,
}

/// What to do after a read.
enum Next {
    /// There may be more to read.
    Again,
    /// All was read.
    Wait,
    /// There may be more to read, but not now.
    Rearm,
}

impl<'a> Turn<'a> {
    pub(super) const fn new(state: &'a Environment, env: sys::napi_env, ready: Ready) -> Self {
        Self {
            state,
            env,
            id: ready.id,
            thorough: ready.thorough,
        }
    }

    /// Reads all there is, if that is not so much that others have to wait.
    pub(super) fn run(&self) {
        for _ in 0..MAX_READS {
            match self.read() {
                Ok(Next::Again) => {}
                Ok(Next::Wait) => return,
                // An error: out of memory, or the environment cannot run JavaScript. Node's own
                // reading of the socket would fail alike.
                Ok(Next::Rearm) | Err(_) => break,
            }
        }
        self.with_socket(|socket| {
            if let Some(reactor) = self.state.event_loop.reactor() {
                socket.rearm(reactor);
            }
        });
    }

    /// Reads no more of this socket.
    pub(super) fn stop(&self) {
        self.with_socket(|socket| {
            if let Some(reactor) = self.state.event_loop.reactor() {
                socket.stop(reactor);
            }
        });
    }

    /// The socket, unless JavaScript has closed it.
    pub(super) fn with_socket<T>(&self, body: impl FnOnce(&mut LoopSocket) -> T) -> Option<T> {
        let mut connections = self.state.connections.borrow_mut();
        let socket = connections.get_mut(self.id)?.socket.as_mut()?;
        Some(body(socket))
    }

    fn read(&self) -> Outcome<Next> {
        let Some((paused, busy)) = self.with_socket(|socket| (socket.paused, socket.busy)) else {
            return Ok(Next::Wait);
        };
        if paused {
            return self.read_undecoded(PAUSED);
        }
        if busy {
            return self.read_undecoded(UNDECODED);
        }
        match self.read_payload()? {
            Some(next) => Ok(next),
            None => self.read_chunk(),
        }
    }

    /// The rest of a long frame, straight to where its message is put together.
    fn read_payload(&self) -> Outcome<Option<Next>> {
        let mut result = Read::Empty;
        let mut asked = 0;
        let count = {
            let mut connections = self.state.connections.borrow_mut();
            let Some(link) = connections.get_mut(self.id) else {
                return Ok(Some(Next::Wait));
            };
            let Link {
                connection,
                bytes_read,
                socket: Some(socket),
                ..
            } = link
            else {
                return Ok(Some(Next::Wait));
            };
            let missing = connection.missing_payload();
            if missing < DIRECT_PAYLOAD || !connection.wants_payload() {
                return Ok(None);
            }
            let _scope = Scope::enter(self.env);
            let fd = socket.descriptor();
            let ready = if missing > ASK_KERNEL {
                waiting(fd)
            } else {
                missing as usize
            };
            let filled = connection.fill_payload(ready, &mut |room| {
                asked = room.len().min(MAX_READ);
                let room = &mut room[..asked];
                prefetch(room.as_ptr(), asked);
                result = read_some(fd, room);
                match result {
                    Read::Bytes(len) => len,
                    _ => 0,
                }
            });
            if let Read::Bytes(len) = result {
                *bytes_read += len as u64;
            }
            let mut events = self.state.events.borrow_mut();
            let mut rows = events.open(self.env, 0)?;
            rows.begin(0, 0, self.id);
            rows.set_single(socket.single);
            match filled {
                Err(error) => rows.error(error),
                Ok(_) if matches!(result, Read::Bytes(_)) && !connection.wants_payload() => {
                    decode(connection, &mut Input::resume(&mut [], 0), &mut rows)?;
                }
                _ => {}
            }
            rows.count()
        };
        if count > 0 {
            self.tell(count as i32);
        }
        self.after(result, asked).map(Some)
    }

    /// Whatever comes, into the slab or a `Buffer` of its own.
    fn read_chunk(&self) -> Outcome<Next> {
        let room = self.make_room()?;
        // SAFETY: the room was made for this read alone, and the slice is used no more when `tell`
        // runs JavaScript.
        let bytes = unsafe { room.slice() };
        let (result, what) = {
            let mut connections = self.state.connections.borrow_mut();
            let Some(Link {
                connection,
                bytes_read,
                socket: Some(socket),
                ..
            }) = connections.get_mut(self.id)
            else {
                return Ok(Next::Wait);
            };
            let result = read_some(socket.descriptor(), bytes);
            let Read::Bytes(len) = result else {
                drop(connections);
                return self.after(result, 0);
            };
            *bytes_read += len as u64;
            let mut events = self.state.events.borrow_mut();
            let mut rows = events.open(self.env, 0)?;
            rows.begin(len, room.base, self.id);
            rows.set_single(socket.single);
            let _scope = Scope::enter(self.env);
            match connection.handle_bytes(&mut bytes[..len]) {
                Err(error) => rows.error(error),
                Ok(mut input) => {
                    decode(connection, &mut input, &mut rows)?;
                    let position = input.position();
                    rows.reached(position);
                    let held = if position < len {
                        len
                    } else {
                        rows.handed_out()
                    };
                    if room.base != OWN {
                        self.state.event_loop.slab.borrow_mut().used += held;
                    } else if held == 0 {
                        rows.set_base(OWN_UNUSED);
                    }
                }
            }
            let open = connection.missing_payload();
            if open > 0 {
                socket.hint = usize::try_from(open)
                    .unwrap_or(usize::MAX)
                    .saturating_add(len);
            } else if let Some(longest) = rows.longest() {
                socket.hint = longest;
            }
            let what = match rows.only_message(len) {
                Some(kind) if !socket.single => whole_message(kind),
                _ => rows.count() as i32,
            };
            (result, what)
        };
        if what != 0 {
            self.tell(what);
        }
        self.after(result, room.len)
    }

    /// A chunk for the queue behind the one that the decoder works on, or for Node to keep.
    fn read_undecoded(&self, what: i32) -> Outcome<Next> {
        self.with_socket(|socket| socket.hint = 0);
        let room = self.make_room()?;
        // SAFETY: the room was made for this read alone, and the slice is used no more when `tell`
        // runs JavaScript.
        let bytes = unsafe { room.slice() };
        let Some(result) = self.with_socket(|socket| read_some(socket.descriptor(), bytes)) else {
            return Ok(Next::Wait);
        };
        if let Read::Bytes(len) = result {
            if let Some(link) = self.state.connections.borrow_mut().get_mut(self.id) {
                link.bytes_read += len as u64;
            }
            let mut events = self.state.events.borrow_mut();
            events.open(self.env, 0)?.begin(len, room.base, self.id);
            drop(events);
            self.state.event_loop.slab.borrow_mut().used += len;
            self.tell(what);
        }
        self.after(result, room.len)
    }

    /// What the result of a read asks for, and tells JavaScript of an end or error.
    fn after(&self, result: Read, asked: usize) -> Outcome<Next> {
        let Some((paused, local)) = self.with_socket(|socket| (socket.paused, socket.local)) else {
            return Ok(Next::Wait);
        };
        match result {
            Read::Bytes(len) if len < asked && !self.thorough && !local => Ok(Next::Wait),
            Read::Bytes(_) if paused => Ok(Next::Rearm),
            Read::Bytes(_) => Ok(Next::Again),
            Read::Empty => Ok(Next::Wait),
            Read::End => self.announce_end(END),
            Read::Failed(error) => self.announce_end(FAILED - error),
        }
    }

    fn announce_end(&self, what: i32) -> Outcome<Next> {
        self.stop();
        self.state
            .events
            .borrow_mut()
            .open(self.env, 0)?
            .begin(0, 0, self.id);
        self.tell(what);
        Ok(Next::Wait)
    }

    /// Says that the kernel did not take all that the connection sent.
    pub(super) fn tell_unwritten(&self) {
        if let Ok(mut rows) = self.state.events.borrow_mut().open(self.env, 0) {
            rows.begin(0, 0, self.id);
        }
        self.tell(UNWRITTEN);
    }

    /// Calls the listener in the connection's own context, so that ticks and microtasks are done
    /// before the next connection has its turn.
    pub(super) fn tell(&self, what: i32) {
        let context = self.context();
        self.state.event_loop.in_turn.set(true);
        self.call(context, what);
        self.state.event_loop.end_turn(self.env);
    }

    fn call(&self, context: Context, what: i32) {
        let Some(listener) = self.state.event_loop.listener.get() else {
            return;
        };
        let function = listener.get(self.env);
        let (mut argument, mut result) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live environment, on its thread, in the handle scope of the turn. Nothing of
        // the state is borrowed here.
        unsafe {
            if function.is_null()
                || sys::napi_create_int32(self.env, what, &mut argument) != sys::Status::napi_ok
            {
                return;
            }
            let status = sys::napi_make_callback(
                self.env,
                context.raw(),
                function,
                function,
                1,
                &argument,
                &mut result,
            );
            if status == sys::Status::napi_pending_exception {
                let mut error = ptr::null_mut();
                sys::napi_get_and_clear_last_exception(self.env, &mut error);
                sys::napi_fatal_exception(self.env, error);
            }
        }
    }
}

const fn whole_message(kind: u32) -> i32 {
    if kind == TEXT {
        WHOLE_TEXT
    } else {
        WHOLE_BINARY
    }
}
