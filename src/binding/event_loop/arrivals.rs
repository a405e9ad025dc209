//! Connections that come on listening sockets, and the end of those that were taken from there.

use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;

use super::super::call::{Call, Outcome, check};
use super::super::environment::{Entry, Environment};
use super::listeners::Listener;
use super::turn::Turn;
use super::turns::{HandleScope, Turns};
use super::{Context, LoopSocket, LoopState};
use crate::numbers::source::NOWHERE;
use ws_rs_engine::registry::Id;
use ws_rs_wire::{MAX_TAKEN, Ready, accept};

impl LoopState {
    /// Keeps what came, until it is opened or freed; `None`: there is no room for it.
    pub(crate) fn insert(&self, environment: &Environment, socket: LoopSocket) -> Option<Id> {
        let id = environment
            .connections
            .borrow_mut()
            .insert(Entry::incoming(socket))?;
        environment.values.retain();
        Some(id)
    }
}

impl Turns {
    /// Takes the connections that wait on a listening socket, and has JavaScript see to each.
    pub(super) fn take_connections(&self, listening: RawFd) {
        for _ in 0..MAX_TAKEN {
            if !self.is_listening(listening) {
                return;
            }
            let Some(socket) = accept(listening) else {
                return;
            };
            // Without room for it, it is closed.
            let socket = LoopSocket::accepted(socket);
            let Some(id) = self.state().event_loop.insert(self.state(), socket) else {
                return;
            };
            self.within_scope(|| {
                let mut announced = Ok(());
                self.guard(Ready::nothing(id), |turn| {
                    announced = turn.announce_connection(listening);
                });
                if announced.is_err() {
                    // Nobody knows of it.
                    if let Some(entry) = self.state().connections.borrow_mut().remove(id)
                        && let Some(socket) = entry.socket
                    {
                        self.state().event_loop.close(&self.state().values, socket);
                    }
                }
            });
        }
        if let Some(reactor) = self.state().event_loop.reactor() {
            reactor.listen_again(listening);
        }
    }

    fn is_listening(&self, fd: RawFd) -> bool {
        let state = &self.state().event_loop;
        !state.ending.get()
            && state
                .reactor()
                .is_some_and(|reactor| reactor.is_listening(fd))
    }
}

impl Turn<'_> {
    fn announce_connection(&self, listening: RawFd) -> Outcome<()> {
        let (mut from, mut number) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live environment, on its thread, in a handle scope, and valid out pointers.
        unsafe {
            check(sys::napi_create_int32(self.env, listening, &mut from))?;
            check(sys::napi_create_double(
                self.env,
                self.id as f64,
                &mut number,
            ))?;
        }
        self.call(Context::NONE, Listener::Connection, &[from, number])
    }

    fn announce_closed(&self, number: i32) {
        // Without JavaScript, at the end of the environment, nobody is left to be told.
        let _ = self
            .begin_rows(0, NOWHERE)
            .and_then(|()| self.call_listener(Listener::Closed, number));
    }
}

/// `loopClosed(id, number)`: has `onClosed` called with the number when Node would be called for a handle that
/// is closed now: the connection had none.
pub(crate) fn loop_closed(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let number = call.i32(1)?;
    let env = call.env;
    if let Some(reactor) = call.state.event_loop.reactor()
        && let Some(state) = call.state.this.upgrade()
    {
        reactor.call_when_closed(move || tell_closed(&state, env, id, number));
    }
    call.undefined()
}

/// `loopAfterPoll() -> boolean`: has `onPolled` called once when Node would be called for the end of a socket that is
/// written now. `false`: that cannot be.
pub(crate) fn loop_after_poll(call: &Call<'_>) -> Outcome {
    let state = &call.state.event_loop;
    if state.listeners.get().is_none() || !state.is_ready(call) {
        return call.number(0);
    }
    if let Some(reactor) = state.reactor() {
        reactor.call_after_poll();
    }
    call.number(1)
}

fn tell_closed(state: &Rc<Environment>, env: sys::napi_env, id: Id, number: i32) {
    // No JavaScript any more.
    if state.event_loop.ending.get() {
        return;
    }
    let Some(_scope) = HandleScope::open(env) else {
        return;
    };
    let turn = Turn::new(state, env, Ready::nothing(id));
    // A panic may not reach libuv, and there is no connection any more that it could end.
    let _ = catch_unwind(AssertUnwindSafe(|| turn.announce_closed(number)));
}
