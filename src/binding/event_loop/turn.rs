//! One turn of a socket: read, decode, tell JavaScript.

use std::ptr;

use napi_sys as sys;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::Input;

use super::super::buffer::Scope;
use super::super::call::{Fault, Outcome, check};
use super::super::environment::{Entry, Environment};
use super::super::events::decode;
use super::super::pongs::Pongs;
use super::super::stage::clear_stage;
use super::listeners::Listener;
use super::socket::Reader;
use super::{Context, LoopSocket};
use crate::numbers::frame::TEXT;
use crate::numbers::source::NOWHERE;
use crate::numbers::stage;
use ws_rs_engine::connection::Connection;
use ws_rs_engine::inbox::{
    MAX_READ, MAX_READS, Mode, Next, SCRATCH, Target, asks_kernel, reads_past_scratch,
};
use ws_rs_engine::prefetch::prefetch;
use ws_rs_wire::tls::{Arrived, Tls};
use ws_rs_wire::{Read, Ready};

/// A socket that has something to read.
pub(super) struct Turn<'a> {
    pub(super) state: &'a Environment,
    pub(super) env: sys::napi_env,
    pub(super) id: Id,
    /// To be read until nothing is left: a short read may not be the last.
    drain: bool,
}

impl<'a> Turn<'a> {
    pub(super) const fn new(state: &'a Environment, env: sys::napi_env, ready: Ready) -> Self {
        Self {
            state,
            env,
            id: ready.id,
            drain: ready.until_empty,
        }
    }

    /// Reads all there is, if that is not so much that others have to wait.
    pub(super) fn run(&self) {
        if self.drain {
            self.with_socket(|socket| socket.stream.read_until_empty());
        }
        match self.with_socket(|socket| socket.awaits_request) {
            Some(false) => {}
            Some(true) => return self.await_request(),
            None => return self.hand_unread(),
        }
        for _ in 0..MAX_READS {
            match self.read() {
                Ok(Next::Again) => {}
                Ok(Next::Wait) => return,
                Ok(Next::Rearm) => break,
                // What was read may be lost: nothing that comes later could be understood.
                Err(fault) => return self.fail(&fault.to_string()),
            }
        }
        self.with_socket(|socket| {
            if let Some(reactor) = self.state.event_loop.reactor() {
                socket.rearm(reactor, self.id);
            }
        });
    }

    /// Reads no more of this socket and has JavaScript end the connection.
    pub(super) fn fail(&self, reason: &str) {
        self.stop();
        let reported = self.begin_rows(0, NOWHERE).and_then(|()| {
            let mut text = ptr::null_mut();
            // SAFETY: a live environment, on its thread, in the handle scope of the turn; the text
            // is copied.
            check(unsafe {
                sys::napi_create_string_utf8(
                    self.env,
                    reason.as_ptr().cast(),
                    reason.len() as isize,
                    &mut text,
                )
            })?;
            self.call_listener_with(Listener::Failure, Some(text))
        });
        // Without JavaScript, at the end of the environment, nobody is left to be told.
        drop(reported);
    }

    /// Reads no more of this socket.
    pub(super) fn stop(&self) {
        self.leave_thread();
        self.with_socket(|socket| {
            if let Some(reactor) = self.state.event_loop.reactor() {
                socket.stop(reactor);
            }
        });
    }

    /// Nothing more is read: what is written from now on is written here.
    fn leave_thread(&self) {
        if let Some(entry) = self.state.connections.borrow_mut().get_mut(self.id) {
            entry.leave_thread();
        }
    }

    /// The socket, unless JavaScript has closed it.
    pub(super) fn with_socket<T>(&self, body: impl FnOnce(&mut LoopSocket) -> T) -> Option<T> {
        let mut connections = self.state.connections.borrow_mut();
        let socket = connections.get_mut(self.id)?.socket.as_mut()?;
        Some(body(socket))
    }

    fn read(&self) -> Outcome<Next> {
        self.fail_if_injected()?;
        let Some((reader, mode, target)) =
            self.with_socket(|socket| (socket.reader, socket.inbox.mode(), socket.inbox.target()))
        else {
            return Ok(Next::Wait);
        };
        match mode {
            _ if reader == Reader::Nobody => {
                self.with_socket(|socket| {
                    if let Some(reactor) = self.state.event_loop.reactor() {
                        socket.leave_unread(reactor);
                    }
                });
                Ok(Next::Wait)
            }
            _ if reader == Reader::Stream => {
                self.read_undecoded(Target::Scratch(SCRATCH), Listener::Undecoded)
            }
            Mode::Paused => self.read_undecoded(target, Listener::Paused),
            Mode::Queue if self.leaves_in_pipe() => Ok(Next::Wait),
            Mode::Queue => self.read_undecoded(target, Listener::Undecoded),
            Mode::Decode => match self.read_payload()? {
                Some(next) => Ok(next),
                None => self.read_chunk(target),
            },
        }
    }

    /// Whether what an I/O thread has inflated stays with it until the decoder is through: as much may
    /// be made of little that there is no knowing how much would wait here.
    fn leaves_in_pipe(&self) -> bool {
        match self.state.connections.borrow_mut().get_mut(self.id) {
            Some(Entry {
                socket: Some(socket),
                inflated,
                ..
            }) if inflated.is_on_thread() => {
                socket.is_left = true;
                true
            }
            _ => false,
        }
    }

    fn fail_if_injected(&self) -> Outcome<()> {
        let injected = &self.state.event_loop.injected;
        let Some((_, panics)) = injected.get().filter(|(id, _)| *id == self.id) else {
            return Ok(());
        };
        injected.set(None);
        assert!(!panics, "a test wants it so");
        Err(Fault::Message("a test wants it so"))
    }

    /// The rest of a long frame, straight to where its message is put together.
    fn read_payload(&self) -> Outcome<Option<Next>> {
        let mut result = Read::Empty;
        let mut asked = 0;
        let count = {
            let mut connections = self.state.connections.borrow_mut();
            let Some(entry) = connections.get_mut(self.id) else {
                return Ok(Some(Next::Wait));
            };
            let Entry {
                connection:
                    Connection {
                        protocol: connection,
                        bytes_read,
                        chunks,
                        meter,
                        ..
                    },
                socket: Some(socket),
                inflated,
                ..
            } = entry
            else {
                return Ok(Some(Next::Wait));
            };
            let missing = connection.missing_payload();
            if !reads_past_scratch(missing) || !connection.wants_payload() {
                return Ok(None);
            }
            let _scope = Scope::enter(self.env);
            let stream = &mut socket.stream;
            let ready = if asks_kernel(missing) {
                stream.waiting()
            } else {
                missing as usize
            };
            let filled = connection.fill_payload(ready, &mut |buffer| {
                asked = buffer.len().min(MAX_READ);
                let buffer = &mut buffer[..asked];
                prefetch(buffer.as_ptr(), asked);
                result = stream.read(buffer);
                match result {
                    Read::Bytes(len) => len,
                    _ => 0,
                }
            });
            let mut came = 0;
            if let Read::Bytes(len) = result {
                came = inflated.came_as(len, || socket.take_growth());
                *bytes_read += came as u64;
            }
            let mut events = self.state.events.borrow_mut();
            let mut rows = events.open(self.env, 0)?;
            rows.begin(0, NOWHERE, self.id);
            rows.set_single(socket.inbox.is_single());
            match filled {
                Err(error) => rows.error(error),
                Ok(_) if matches!(result, Read::Bytes(_)) && !connection.wants_payload() => {
                    let heard = bytes_read.wrapping_add(*chunks);
                    let pongs = Pongs::of(&self.state.heartbeats, self.id, heard);
                    let inflated = || inflated.next_is_done(|number| socket.take_inflated(number));
                    let mut nothing = Input::resume(&mut [], 0);
                    decode(connection, &mut nothing, &mut rows, pongs, inflated)?;
                }
                _ => {}
            }
            if let Read::Bytes(_) = result {
                rows.count_on(meter.as_ref(), came);
            }
            rows.count()
        };
        if count > 0 {
            self.call_listener(Listener::Messages, count as i32)?;
        }
        self.after(result, asked).map(Some)
    }

    /// Whatever comes, into the scratch or a `Buffer` of its own.
    fn read_chunk(&self, target: Target) -> Outcome<Next> {
        // SAFETY: the bytes are used no more when a listener runs JavaScript.
        let buffer = unsafe { self.memory(target) }?;
        let asked = buffer.bytes.len();
        let (result, listener, count, ends_inflated) = {
            let mut connections = self.state.connections.borrow_mut();
            let Some(Entry {
                connection:
                    Connection {
                        protocol: connection,
                        bytes_read,
                        chunks,
                        meter,
                        ..
                    },
                socket: Some(socket),
                inflated,
                ..
            }) = connections.get_mut(self.id)
            else {
                return Ok(Next::Wait);
            };
            let result = socket.stream.read(buffer.bytes);
            let Read::Bytes(len) = result else {
                drop(connections);
                return self.after(result, 0);
            };
            let came = inflated.came_as(len, || socket.take_growth());
            *bytes_read += came as u64;
            let mut events = self.state.events.borrow_mut();
            let mut rows = events.open(self.env, 0)?;
            let single = socket.inbox.is_single();
            rows.begin(len, buffer.source, self.id);
            rows.set_single(single);
            let _scope = Scope::enter(self.env);
            match connection.handle_bytes(&mut buffer.bytes[..len]) {
                Err(error) => rows.error(error),
                Ok(mut input) => {
                    let heard = bytes_read.wrapping_add(*chunks);
                    let pongs = Pongs::of(&self.state.heartbeats, self.id, heard);
                    let inflated = || inflated.next_is_done(|number| socket.take_inflated(number));
                    decode(connection, &mut input, &mut rows, pongs, inflated)?;
                    rows.reached(input.position());
                }
            }
            rows.count_on(meter.as_ref(), came);
            socket
                .inbox
                .decoded(len, connection.missing_payload(), rows.longest());
            let listener = match rows.only_message(len) {
                Some(TEXT) if !single => Listener::Text,
                Some(_) if !single => Listener::Binary,
                _ => Listener::Messages,
            };
            (result, listener, rows.count(), rows.ends_inflated())
        };
        if count > 0 {
            match listener {
                Listener::Text | Listener::Binary => self.call_whole_listener(listener)?,
                _ => self.call_listener(listener, count as i32)?,
            }
        }
        let next = self.after(result, asked)?;
        // What took a thread to inflate has a macrotask of its own, as with ws.
        Ok(match next {
            Next::Again if ends_inflated => Next::Rearm,
            next => next,
        })
    }

    /// A chunk for the queue behind the one that the decoder works on, or for Node to keep.
    fn read_undecoded(&self, target: Target, listener: Listener) -> Outcome<Next> {
        // SAFETY: the bytes are used no more when a listener runs JavaScript.
        let buffer = unsafe { self.memory(target) }?;
        let asked = buffer.bytes.len();
        let Some(result) = self.with_socket(|socket| socket.stream.read(buffer.bytes)) else {
            return Ok(Next::Wait);
        };
        if let Read::Bytes(len) = result {
            if let Some(Entry {
                connection,
                socket: Some(socket),
                inflated,
                ..
            }) = self.state.connections.borrow_mut().get_mut(self.id)
            {
                connection.bytes_read += inflated.came_as(len, || socket.take_growth()) as u64;
            }
            self.begin_rows(len, buffer.source)?;
            self.call_listener(listener, len as i32)?;
        }
        self.after(result, asked)
    }

    /// What the result of a read asks for, and tells JavaScript of an end or error.
    fn after(&self, result: Read, asked: usize) -> Outcome<Next> {
        match result {
            Read::Bytes(len) => Ok(self
                .with_socket(|socket| {
                    let drain = self.drain || socket.stream.has_more();
                    socket.inbox.after(len, asked, drain)
                })
                .unwrap_or(Next::Wait)),
            Read::Empty => Ok(Next::Wait),
            Read::End => self.announce_end(Listener::End, 0),
            Read::Failed(error) => self.announce_end(Listener::Error, error),
            Read::Broken => Err(Fault::Message("its I/O thread panicked")),
        }
    }

    /// Something has come on a socket whose request is awaited.
    fn await_request(&self) {
        let arrived = self.with_socket(|socket| {
            let arrived = socket.stream.tls().map(Tls::arrive);
            // What waits behind a request mostly goes out with its answer, at once.
            if arrived == Some(Arrived::Nothing) {
                socket.watch_writable(&self.state.event_loop, false);
            }
            arrived
        });
        match arrived {
            None | Some(Some(Arrived::Nothing)) => {}
            Some(Some(_)) => {
                self.announce_request();
                // What ended the handshake, if nothing was sent behind it.
                self.with_socket(|socket| {
                    socket.flush();
                    socket.watch_writable(&self.state.event_loop, socket.is_writing());
                });
            }
            Some(None) => {
                self.stop();
                self.announce_request();
            }
        }
    }

    /// A request has come, or the end of its connection.
    fn announce_request(&self) {
        // Without JavaScript, at the end of the environment, nobody is left to be told.
        let _ = self
            .begin_rows(0, NOWHERE)
            .and_then(|()| self.call(Context::NONE, Listener::Request, None));
    }

    fn announce_end(&self, listener: Listener, error: i32) -> Outcome<Next> {
        self.leave_thread();
        let is_there = self.with_socket(|socket| {
            if let Some(reactor) = self.state.event_loop.reactor() {
                match listener {
                    Listener::End => socket.end(reactor),
                    _ => socket.stop(reactor),
                }
            }
        });
        if is_there.is_some() {
            self.begin_rows(0, NOWHERE)?;
            self.call_listener(listener, error)?;
        }
        Ok(Next::Wait)
    }

    pub(super) fn begin_rows(&self, len: usize, source: u32) -> Outcome<()> {
        let mut events = self.state.events.borrow_mut();
        events.open(self.env, 0)?.begin(len, source, self.id);
        Ok(())
    }

    /// Says that the kernel did not take all that the connection sent.
    pub(super) fn report_unwritten(&self) {
        // Without JavaScript, at the end of the environment, nobody is left to be told.
        let _ = self
            .begin_rows(0, NOWHERE)
            .and_then(|()| self.call_listener(Listener::Unwritten, 0));
    }

    /// Calls a listener with a number.
    pub(super) fn call_listener(&self, listener: Listener, number: i32) -> Outcome<()> {
        let mut value = ptr::null_mut();
        // SAFETY: a live environment, on its thread, in the handle scope of the turn.
        check(unsafe { sys::napi_create_int32(self.env, number, &mut value) })?;
        self.call_listener_with(listener, Some(value))
    }

    /// Calls a listener that wants no more than the first row: one for most messages.
    fn call_whole_listener(&self, listener: Listener) -> Outcome<()> {
        self.call_listener_with(listener, None)
    }

    /// Calls a listener in the connection's own context, so that ticks and microtasks are done
    /// before the next connection has its turn.
    fn call_listener_with(
        &self,
        listener: Listener,
        argument: Option<sys::napi_value>,
    ) -> Outcome<()> {
        let context = self.context();
        self.state.event_loop.in_turn.set(true);
        let called = self.call(context, listener, argument);
        self.state.event_loop.end_turn(self.env);
        called
    }

    /// Whether short messages that are sent wait for others in any case.
    fn how_to_stage(&self) -> u32 {
        let schedule = self.state.schedule.borrow();
        match (schedule.is_in_turn(), schedule.has_more_turns()) {
            (false, _) => 0,
            (true, false) => stage::IN_CHUNK,
            (true, true) => stage::IN_BATCH,
        }
    }

    fn call(
        &self,
        context: Context,
        listener: Listener,
        argument: Option<sys::napi_value>,
    ) -> Outcome<()> {
        let Some(listeners) = self.state.event_loop.listeners.get() else {
            return Ok(());
        };
        let function = listeners.get(self.env, listener);
        if function.is_null() {
            return Ok(());
        }
        let mut result = ptr::null_mut();
        let stage = self.state.stage.get();
        let before = stage.map(|stage| stage.open(self.how_to_stage()));
        // SAFETY: a live environment, on its thread, in the handle scope of the turn, and values of
        // it. Nothing of the state is borrowed here.
        let status = unsafe {
            sys::napi_make_callback(
                self.env,
                context.raw(),
                function,
                function,
                usize::from(argument.is_some()),
                argument.as_ref().map_or(ptr::null(), ptr::from_ref),
                &mut result,
            )
        };
        if let (Some(stage), Some(before)) = (stage, before) {
            stage.open(before);
            clear_stage(self.state);
        }
        if status != sys::Status::napi_pending_exception {
            return check(status);
        }
        let mut error = ptr::null_mut();
        // SAFETY: as above. What a program's listener throws is the program's affair.
        unsafe {
            sys::napi_get_and_clear_last_exception(self.env, &mut error);
            sys::napi_fatal_exception(self.env, error);
        }
        Ok(())
    }
}
