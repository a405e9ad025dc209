//! One socket on the loop, and the turns that sockets have.

use std::os::fd::{BorrowedFd, RawFd};
use std::ptr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use napi_sys as sys;

use super::super::call::Call;
use super::super::encode::flush_dirty;
use super::super::environment::Environment;
use super::turn::Turn;
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
    /// One event a macrotask.
    pub(super) single: bool,
    /// A Unix socket: a read may end early, at descriptors that the peer sent along.
    pub(super) local: bool,
    /// The decoder works on a chunk.
    pub(super) busy: bool,
    /// What comes is left to Node.
    pub(super) paused: bool,
    watched: bool,
    referenced: bool,
    /// The length of the last message.
    pub(super) hint: usize,
}

impl LoopSocket {
    pub(super) const fn new(fd: RawFd, (single, local): (bool, bool)) -> Self {
        Self {
            fd,
            single,
            local,
            busy: false,
            paused: false,
            watched: true,
            referenced: true,
            hint: 0,
        }
    }

    /// To read from.
    pub(super) const fn descriptor<'a>(&self) -> BorrowedFd<'a> {
        // SAFETY: it is that of a net.Socket, which tells us before it closes it
        // (lib/wire/taken-socket.js), on this thread; then this socket is gone.
        unsafe { BorrowedFd::borrow_raw(self.fd) }
    }

    pub(super) fn set_paused(&mut self, reactor: &Reactor<Turns>, paused: bool) {
        self.paused = paused;
        if !paused && self.watched {
            reactor.rearm(self.fd);
        }
    }

    pub(super) const fn set_busy(&mut self, busy: bool) {
        self.busy = busy;
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
    environment: Rc<Environment>,
    env: sys::napi_env,
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
    fn give_turn(&self, ready: Ready) {
        self.within_scope(|| {
            let turn = Turn::new(self.state(), self.env, ready);
            let work = || turn.run();
            if std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).is_err() {
                // The message went to stderr; this socket is not read any further.
                self.state().event_loop.end_turn(self.env);
                turn.stop();
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
        super::finish_cleanup(self.state());
    }
}
