//! One socket on the loop, and the turns that sockets have.

use std::os::fd::{BorrowedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::{Duration, Instant};

use napi::sys;

use super::super::call::{Call, Outcome, check, text_of};
use super::super::encode::flush_dirty;
use super::super::environment::Environment;
use super::Context;
use super::turn::Turn;
use ws_rs_engine::inbox::Inbox;
use ws_rs_wire::{Handler, Reactor, Ready};

/// What is sent in a turn is written after this many turns ...
const MAX_TURNS: u32 = 64;
/// ... or as soon as they have taken this long. One write after another takes the kernel a tenth
/// less than reads, writes and JavaScript in turns, and what many turns send to one connection, as
/// to all of a chat, is written in one go.
const MAX_DELAY: Duration = Duration::from_micros(100);

/// A socket that is read here.
#[derive(Debug)]
pub(crate) struct LoopSocket {
    fd: RawFd,
    /// How it is read.
    pub(super) inbox: Inbox,
    watched: bool,
    referenced: bool,
    context: Context,
}

impl LoopSocket {
    /// A socket whose events run in the asynchronous context given.
    pub(super) const fn new(fd: RawFd, inbox: Inbox, context: Context) -> Self {
        Self {
            fd,
            inbox,
            watched: true,
            referenced: true,
            context,
        }
    }

    /// To read from.
    pub(super) const fn descriptor<'a>(&self) -> BorrowedFd<'a> {
        // SAFETY: it is that of a net.Socket, which tells us before it closes it
        // (lib/wire/taken-socket.js), on this thread; then this socket is gone.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }

    pub(super) const fn context(&self) -> Context {
        self.context
    }

    pub(super) fn set_paused(&mut self, reactor: &Reactor<Turns>, paused: bool) {
        self.inbox.set_paused(paused);
        if !paused && self.watched {
            reactor.rearm(self.fd);
        }
    }

    pub(super) fn set_referenced(&mut self, reactor: &Reactor<Turns>, referenced: bool) {
        if self.referenced != referenced {
            self.referenced = referenced;
            if self.watched {
                reactor.hold(referenced);
            }
        }
    }

    /// Reads no more.
    pub(super) fn stop(&mut self, reactor: &Reactor<Turns>) {
        if self.watched {
            self.watched = false;
            reactor.deregister(self.fd);
            if self.referenced {
                reactor.hold(false);
            }
        }
    }

    /// Asks to be told again, as not all was read.
    pub(super) fn rearm(&self, reactor: &Reactor<Turns>) {
        if self.watched {
            reactor.rearm(self.fd);
        }
    }
}

/// Gives each socket that has something to read its turn.
#[derive(Debug)]
pub(super) struct Turns {
    environment: *const Environment,
    env: sys::napi_env,
}

impl Turns {
    pub(super) const fn new(call: &Call<'_>) -> Self {
        Self {
            environment: ptr::from_ref(call.state),
            env: call.env,
        }
    }

    pub(super) const fn env(&self) -> sys::napi_env {
        self.env
    }

    const fn state(&self) -> &Environment {
        // SAFETY: the environment's cleanup waits for libuv to close the reactor.
        unsafe { &*self.environment }
    }
}

impl Turns {
    fn give_turn(&self, ready: Ready) {
        self.within_scope(|| {
            let turn = Turn::new(self.state(), self.env, ready);
            let work = AssertUnwindSafe(|| turn.run());
            if let Err(panic) = catch_unwind(work) {
                self.state().event_loop.end_turn(self.env);
                // Should even that panic, the others go on.
                let _ = catch_unwind(AssertUnwindSafe(|| {
                    turn.fail(&format!("it panicked: {}", text_of(&*panic)));
                }));
            }
        });
    }

    /// Writes what was sent in the last turns.
    fn flush(&self) {
        let state = self.state();
        while let Some(id) = flush_dirty(state) {
            let ready = Ready {
                id,
                thorough: false,
            };
            self.within_scope(|| Turn::new(state, self.env, ready).tell_unwritten());
        }
    }

    fn within_scope(&self, work: impl FnOnce()) {
        let mut scope = ptr::null_mut();
        // SAFETY: a live environment, on its thread.
        let status = unsafe { sys::napi_open_handle_scope(self.env, &mut scope) };
        if status == sys::Status::napi_ok {
            work();
            // SAFETY: opened above.
            unsafe { sys::napi_close_handle_scope(self.env, scope) };
        }
    }
}

impl Handler for Turns {
    fn on_ready(&self, sockets: impl Iterator<Item = Ready>) {
        let mut turns = 0;
        let mut since = Instant::now();
        for ready in sockets {
            if self.state().event_loop.ending.get() {
                return;
            }
            self.give_turn(ready);
            turns += 1;
            if turns == MAX_TURNS || since.elapsed() > MAX_DELAY {
                self.flush();
                turns = 0;
                since = Instant::now();
            }
        }
        self.flush();
    }

    fn on_closed(&self) {
        super::finish_cleanup(&self.state().event_loop);
    }
}

/// The context in which a socket's events run, made here and now.
pub(super) fn create_context(call: &Call<'_>) -> Outcome<Context> {
    let name = call.string("WSRSSOCKET")?;
    let mut context = ptr::null_mut();
    // SAFETY: live environment and values; without a resource Node makes one.
    check(unsafe { sys::napi_async_init(call.env, ptr::null_mut(), name, &mut context) })?;
    Ok(Context(context))
}
