//! One turn of a socket: read, decode, tell JavaScript.

mod reading;

use std::cell::Cell;
use std::ptr;

use napi_sys as sys;
use ws_rs_engine::registry::Id;

use super::super::call::{Outcome, check};
use super::super::environment::Environment;
use super::super::stage::clear_stage;
use super::context::Within;
use super::listeners::Listener;
use super::{Context, LoopSocket};
use crate::numbers::source::NOWHERE;
use crate::numbers::stage;
use ws_rs_engine::inbox::{Next, Reader};
use ws_rs_engine::reads::{News, Reads};
use ws_rs_wire::Ready;
use ws_rs_wire::tls::{Arrived, Tls};

/// A socket that has something to read.
pub(super) struct Turn<'a> {
    pub(super) state: &'a Environment,
    pub(super) env: sys::napi_env,
    pub(super) id: Id,
    /// How it is read.
    reads: Cell<Reads>,
}

impl<'a> Turn<'a> {
    pub(super) const fn new(state: &'a Environment, env: sys::napi_env, ready: Ready) -> Self {
        Self {
            state,
            env,
            id: ready.id,
            reads: Cell::new(Reads::new(News {
                until_empty: ready.until_empty,
                ends: ready.ends,
                hangs_up: ready.hangs_up,
                is_told_again: ready.is_told_again,
            })),
        }
    }

    /// Reads all there is, if that is not so much that others have to wait.
    pub(super) fn run(&self) {
        if self.reads.get().is_until_empty() {
            self.with_socket(|socket| socket.stream_mut().read_until_empty());
        }
        match self.with_socket(|socket| socket.awaits_request()) {
            Some(false) => {}
            Some(true) => {
                self.await_request();
                if !self.is_left_to_stream() {
                    return;
                }
            }
            None => return self.hand_unread(),
        }
        while self.update(Reads::begin) {
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

    fn update<T>(&self, body: impl FnOnce(&mut Reads) -> T) -> T {
        let mut reads = self.reads.get();
        let result = body(&mut reads);
        self.reads.set(reads);
        result
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
            self.call_listener_with(Listener::Failure, &[text])
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

    /// Something has come on a socket whose request is awaited.
    fn await_request(&self) {
        let arrived = self.with_socket(|socket| {
            let arrived = socket.tls().map(Tls::arrive);
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
            Some(None) => self.announce_request(),
        }
    }

    /// Whether a stream reads from now on what has come with a request, in this turn, as from Node.
    fn is_left_to_stream(&self) -> bool {
        let is_left = self.with_socket(|socket| {
            socket.inbox.reader() == Reader::Stream && socket.stream().has_more()
        });
        is_left == Some(true)
    }

    /// A request has come, or the end of its connection.
    fn announce_request(&self) {
        // Without JavaScript, at the end of the environment, nobody is left to be told.
        let _ = self
            .begin_rows(0, NOWHERE)
            .and_then(|()| self.call(Context::NONE, Listener::Request, &[]));
    }

    fn announce_end(&self, listener: Listener, error: i32) -> Outcome<Next> {
        self.leave_thread();
        let is_news = self.with_socket(|socket| {
            let state = &self.state.event_loop;
            if matches!(listener, Listener::End) {
                return socket.end(state, self.id);
            }
            if let Some(reactor) = state.reactor() {
                socket.stop(reactor);
            }
            true
        });
        if is_news == Some(true) {
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
        if let Err(fault) = self.fail_if_injected() {
            return self.fail(&fault.to_string());
        }
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
        self.call_listener_with(listener, &[value])
    }

    /// Calls a listener that wants no more than the first row: one for most messages.
    fn call_whole_listener(&self, listener: Listener) -> Outcome<()> {
        self.call_listener_with(listener, &[])
    }

    /// Calls a listener in the connection's own context, so that ticks and microtasks are done
    /// before the next connection has its turn.
    fn call_listener_with(&self, listener: Listener, arguments: &[sys::napi_value]) -> Outcome<()> {
        // Whoever watches contexts is told of a new one, and may end its connection.
        let _within = Within::enter(&self.state.event_loop, self.env);
        let context = self.context();
        self.call(context, listener, arguments)
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

    pub(super) fn call(
        &self,
        context: Context,
        listener: Listener,
        arguments: &[sys::napi_value],
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
                arguments.len(),
                arguments.as_ptr(),
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
        // SAFETY: as above.
        check(unsafe { sys::napi_get_and_clear_last_exception(self.env, &mut error) })?;
        context.report(self.env, error);
        Ok(())
    }
}
