//! The turns that sockets have, in batches.

use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;

use super::super::call::{Call, text_of};
use super::super::environment::Environment;
use super::super::outbox::{is_overdue_at, needs_attention, write_waiting};
use super::Context;
use super::listeners::Listener;
use super::turn::Turn;
use crate::clock::Mark;
use ws_rs_engine::inbox::Reader;
use ws_rs_engine::registry::Id;
use ws_rs_engine::schedule::Batch;
use ws_rs_wire::{Handler, Ready};

/// Gives each socket that has something to read its turn.
#[derive(Debug)]
pub(super) struct Turns {
    environment: Rc<Environment>,
    pub(super) env: sys::napi_env,
}

impl Turns {
    pub(super) fn new(call: &Call<'_>) -> Option<Self> {
        Some(Self {
            environment: call.state.this.upgrade()?,
            env: call.env,
        })
    }

    pub(super) const fn state(&self) -> &Rc<Environment> {
        &self.environment
    }
}

impl Turns {
    /// Has `work` done for a connection. A panic is its end, and that of no other: it may not reach libuv.
    /// To be called in a handle scope.
    pub(super) fn guard(&self, ready: Ready, work: impl FnOnce(&Turn<'_>)) {
        let turn = Turn::new(self.state(), self.env, ready);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work(&turn))) {
            // Should even that panic, the others go on.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                turn.fail(&format!("it panicked: {}", text_of(&*panic)));
            }));
        }
    }

    /// Writes what was sent in the last turns.
    fn flush(&self) {
        let state = self.state();
        // Those who look at it may send, too.
        loop {
            while state.schedule.borrow().has_waiting() {
                self.within_scope(|| write_waiting(state, |id| self.attend(id)));
            }
            let to_attend = state.to_attend.take();
            if to_attend.is_empty() {
                break;
            }
            for id in to_attend {
                self.within_scope(|| self.attend(id));
            }
        }
    }

    /// There is room to write.
    fn write(&self, id: Id) {
        self.within_scope(|| {
            let mut attend = false;
            self.guard(Ready::nothing(id), |_| {
                attend = flush_backlog(self.state(), id) || needs_attention(self.state(), id);
            });
            if attend {
                self.attend(id);
            }
        });
    }

    /// Has JavaScript look at what became of a connection's frames.
    fn attend(&self, id: Id) {
        let ready = Ready::nothing(id);
        let schedule = &self.state().schedule;
        schedule.borrow_mut().begin_turn(false);
        self.guard(ready, |turn| turn.report_unwritten());
        schedule.borrow_mut().end_turn();
    }

    /// Calls one of those that wait for the moment behind polling.
    fn tell_polled(&self) {
        if !self.state().event_loop.ending.get() {
            let nobody = Turn::new(self.state(), self.env, Ready::nothing(Id::default()));
            // A panic may not reach libuv, and there is no connection that it could end: the others are told all the
            // same. Without JavaScript, at the end of the environment, nobody is left to be told.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                let _ = nobody.call(Context::NONE, Listener::Polled, &[]);
            }));
        }
    }

    pub(super) fn within_scope(&self, work: impl FnOnce()) {
        if let Some(_scope) = HandleScope::open(self.env) {
            work();
        }
    }
}

/// Whether the environment does not end yet. When a worker is terminated, Node closes all handles and runs
/// the loop once more before it says so: their descriptors may be somebody else's by then.
fn may_run_javascript(env: sys::napi_env) -> bool {
    let (mut value, mut result, mut is_pending) = (ptr::null_mut(), ptr::null_mut(), false);
    // SAFETY: a live environment, on its thread, and valid out pointers. What is asked for are constants, which
    // need no handle scope, and nothing is run; but like all that could run something it is refused at the end,
    // and as long as somebody has left an exception there.
    unsafe {
        sys::napi_get_undefined(env, &mut value);
        sys::napi_coerce_to_bool(env, value, &mut result) == sys::Status::napi_ok
            || (sys::napi_is_exception_pending(env, &mut is_pending) == sys::Status::napi_ok
                && is_pending)
    }
}

/// JavaScript's values live until it is dropped.
pub(super) struct HandleScope {
    env: sys::napi_env,
    scope: sys::napi_handle_scope,
}

impl HandleScope {
    pub(super) fn open(env: sys::napi_env) -> Option<Self> {
        let mut scope = ptr::null_mut();
        // SAFETY: a live environment, on its thread.
        let status = unsafe { sys::napi_open_handle_scope(env, &mut scope) };
        (status == sys::Status::napi_ok).then_some(Self { env, scope })
    }
}

impl Drop for HandleScope {
    fn drop(&mut self) {
        // SAFETY: it was opened, and those that were opened in it are closed: they are dropped before.
        unsafe { sys::napi_close_handle_scope(self.env, self.scope) };
    }
}

/// Writes what a socket has of its own to write; returns whether a stream waited for that.
fn flush_backlog(state: &Environment, id: Id) -> bool {
    let mut connections = state.connections.borrow_mut();
    let socket = connections
        .get_mut(id)
        .and_then(|entry| entry.socket.as_mut());
    socket.is_some_and(|socket| socket.flush_for_stream(&state.event_loop))
}

impl Handler for Turns {
    fn on_ready(&self, sockets: impl Iterator<Item = Ready>) {
        let state = self.state();
        if !may_run_javascript(self.env) {
            state.event_loop.ending.set(true);
            return;
        }
        let mut batch = Batch::default();
        let mut sockets = sockets.peekable();
        // One for many turns, each of which makes only a few values.
        let mut scope = None;
        state.turn_began.set(Mark::now());
        while let Some(ready) = sockets.next() {
            if state.event_loop.ending.get() {
                return;
            }
            if scope.is_none() {
                scope = HandleScope::open(self.env);
            }
            // First what is to be read: an error says more there.
            if ready.readable && scope.is_some() {
                let next = sockets.peek();
                let more = next.is_some();
                if let Some(next) = next {
                    state.connections.borrow().prefetch(next.id);
                }
                state.at_once.set(batch.begin_turn(more));
                state.schedule.borrow_mut().begin_turn(more);
                self.guard(ready, |turn| turn.run());
                state.schedule.borrow_mut().end_turn();
            }
            if ready.writable {
                self.write(ready.id);
            }
            let now = Mark::now();
            state.turn_began.set(now);
            if batch.end_turn(|| is_overdue_at(state, now)) {
                scope = None;
                self.flush();
            }
        }
        drop(scope);
        self.flush();
    }

    fn is_told_once(&self, id: Id) -> bool {
        let mut connections = self.state().connections.borrow_mut();
        let socket = connections
            .get_mut(id)
            .and_then(|entry| entry.socket.as_ref());
        // One that nobody reads would be told of for ever.
        socket.is_some_and(|socket| socket.is_writing() || socket.inbox.reader() == Reader::Nobody)
    }

    fn on_connections(&self, listening: RawFd) {
        if may_run_javascript(self.env) {
            self.take_connections(listening);
        } else {
            self.state().event_loop.ending.set(true);
        }
    }

    fn on_polled(&self) {
        if may_run_javascript(self.env) {
            self.within_scope(|| self.tell_polled());
        } else {
            self.state().event_loop.ending.set(true);
        }
    }

    fn on_closed(&self) {
        super::finish_cleanup(self.state());
    }
}
