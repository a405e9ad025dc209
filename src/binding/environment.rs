//! What one copy of the JavaScript keeps natively: there may be several in a Node environment (the
//! main thread, a worker).

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use napi_sys as sys;

use super::buffer::BufferStore;
use super::call::{Outcome, check};
use super::compression::Compression;
use super::event_loop::{Context, LoopSocket, LoopState};
use super::lent_buffer::LentBuffer;
use super::rows::EventArrays;
use super::stage::Stage;
use super::values::Values;
use crate::clock::{self, Mark};
use crate::runtime;
use ws_rs_engine::answered::Answered;
use ws_rs_engine::connection::Connection;
use ws_rs_engine::heartbeat::Heartbeats;
use ws_rs_engine::inflated::Inflated;
use ws_rs_engine::meter::Meter;
use ws_rs_engine::registry::{Id, Registry};
use ws_rs_engine::schedule::{AtOnce, MAX_DELAY, Schedule};
use ws_rs_engine::spare::Spares;
use ws_rs_engine::topics::Topics;
#[cfg(unix)]
use ws_rs_protocol::{Config, Role};

/// Mask keys are drawn from the operating system this many bytes at a time.
const RANDOM_POOL: usize = 8 * 1024;

/// The state of a copy. Its parts are borrowed one by one and never across a call into JavaScript.
#[derive(Debug)]
pub(crate) struct Environment {
    /// For whoever needs it until libuv or another thread is through.
    pub(crate) this: Weak<Self>,
    pub(crate) values: Values,
    pub(crate) connections: RefCell<Registry<Entry>>,
    pub(crate) compression: Compression,
    pub(crate) topics: RefCell<Registry<Topics>>,
    pub(crate) meters: RefCell<Registry<Rc<Meter>>>,
    pub(crate) heartbeats: RefCell<Heartbeats>,
    pub(crate) events: RefCell<EventArrays>,
    pub(crate) event_loop: LoopState,
    /// When frames are written, and whose wait.
    pub(crate) schedule: RefCell<Schedule>,
    /// When the first of those frames began to wait.
    pub(crate) waiting_since: Cell<Mark>,
    /// When the turn that runs began, or a little before.
    pub(crate) turn_began: Cell<Mark>,
    /// Short messages that JavaScript sends while others are sure to come.
    pub(crate) stage: OnceCell<Stage>,
    /// Those whose outbox JavaScript has to look at, as soon as the turn is over.
    pub(crate) to_attend: RefCell<Vec<Id>>,
    /// When a frame was last written.
    pub(crate) written_at: Cell<Mark>,
    /// Which frames go past I/O threads.
    pub(crate) at_once: Cell<AtOnce>,
    spares: RefCell<Spares>,
    random: RefCell<RandomPool>,
}

/// One connection, and its socket.
// What most messages need comes first, as in `Connection`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Entry {
    /// The socket, while it is on the loop transport.
    pub(crate) socket: Option<LoopSocket>,
    /// In which its events run, from the first one on.
    pub(crate) context: Context,
    pub(crate) connection: Connection<BufferStore, LentBuffer>,
    /// Which pings an I/O thread has answered.
    pub(crate) answered: Answered,
    /// Which messages it has inflated.
    pub(crate) inflated: Inflated,
}

impl Entry {
    pub(crate) fn new(connection: Connection<BufferStore, LentBuffer>) -> Self {
        Self {
            socket: None,
            context: Context::NONE,
            connection,
            answered: Answered::default(),
            inflated: Inflated::default(),
        }
    }

    /// One of a server, which is not open yet.
    #[cfg(unix)]
    pub(crate) fn incoming(socket: LoopSocket) -> Self {
        let connection = Connection::new(Role::Server, Config::default());
        Self {
            socket: Some(socket),
            ..Self::new(connection)
        }
    }
}

// Each idle connection takes as much.
const _: () = assert!(size_of::<Entry>() <= 272);

/// Makes a state, and the object that every function which uses it must have: the state lives as
/// long as that object, and then until libuv and other threads have let go of it.
pub(crate) fn create(env: sys::napi_env) -> Outcome<(*const Environment, sys::napi_value)> {
    let (values, object) = Values::new(env)?;
    let state = Rc::new_cyclic(|this| Environment {
        this: this.clone(),
        values,
        connections: RefCell::default(),
        compression: Compression::default(),
        topics: RefCell::default(),
        meters: RefCell::default(),
        heartbeats: RefCell::default(),
        events: RefCell::default(),
        event_loop: LoopState::default(),
        schedule: RefCell::default(),
        waiting_since: Cell::default(),
        turn_began: Cell::default(),
        stage: OnceCell::new(),
        to_attend: RefCell::default(),
        written_at: Cell::default(),
        at_once: Cell::default(),
        spares: RefCell::default(),
        random: RefCell::default(),
    });
    let pointer = Rc::into_raw(Rc::clone(&state));
    // SAFETY: live environment and value; Node calls `forget` with the pointer once, when the object
    // was collected or the environment ends.
    let status = unsafe {
        sys::napi_add_finalizer(
            env,
            object,
            pointer.cast_mut().cast(),
            Some(forget),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if let Err(fault) = check(status) {
        // SAFETY: nobody else got the pointer.
        drop(unsafe { Rc::from_raw(pointer) });
        return Err(fault);
    }
    runtime::retain();
    Ok((pointer, object))
}

/// No function can be called any more.
unsafe extern "C" fn forget(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` is what `create` made of a count of its own, and this is the only call.
    let state = unsafe { Rc::from_raw(data.cast_const().cast::<Environment>()) };
    state.event_loop.shut_down(&state);
    state.compression.rest();
    runtime::release();
}

impl Environment {
    /// Frames begin to wait for others; returns the time.
    pub(crate) fn begin_waiting(&self) -> Duration {
        self.waiting_since.set(Mark::now());
        clock::now()
    }

    /// Frames of the turn that runs begin to wait for others, or did some time ago; returns since when,
    /// at the latest.
    pub(crate) fn begin_waiting_in_turn(&self) -> Duration {
        let began = self.turn_began.get();
        self.waiting_since.set(began);
        let now = clock::now();
        if began.is_fresh() {
            now
        } else {
            now.saturating_sub(MAX_DELAY)
        }
    }

    /// An empty buffer for output, used before if possible.
    pub(crate) fn spare_buffer(&self) -> Vec<u8> {
        self.spares.borrow_mut().take()
    }

    /// Takes an output buffer back.
    pub(crate) fn recycle(&self, buffer: Vec<u8>) {
        self.spares.borrow_mut().give(buffer);
    }

    /// A fresh masking key, unpredictable as RFC 6455, section 5.3, demands.
    pub(crate) fn mask_key(&self) -> [u8; 4] {
        self.random.borrow_mut().next()
    }
}

#[derive(Debug, Default)]
struct RandomPool {
    bytes: Vec<u8>,
    used: usize,
}

impl RandomPool {
    fn next(&mut self) -> [u8; 4] {
        if self.used + 4 > self.bytes.len() {
            self.bytes.resize(RANDOM_POOL, 0);
            // A system without randomness cannot make a WebSocket client; the panic is caught at
            // the callback and thrown.
            getrandom::fill(&mut self.bytes).expect("the operating system gives random bytes");
            self.used = 0;
        }
        let key = [0, 1, 2, 3].map(|i| self.bytes[self.used + i]);
        self.used += 4;
        key
    }
}
