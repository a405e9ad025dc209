//! What one Node environment (the main thread, a worker) keeps natively.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{Error, Result};
use napi::sys;

use super::buffer::BufferStore;
use super::compression::Compression;
use super::event_loop::{LoopSocket, LoopState};
use super::lent_buffer::LentBuffer;
use super::rows::EventArrays;
use crate::clock::Mark;
use crate::runtime;
use ws_rs_engine::connection::Connection;
use ws_rs_engine::registry::Registry;
use ws_rs_engine::schedule::Schedule;

/// Mask keys are drawn from the operating system this many bytes at a time.
const RANDOM_POOL: usize = 8 * 1024;
/// Empty output buffers kept for the next connection that sends, and the largest kept.
const SPARE_BUFFERS: usize = 64;
const SPARE_CAPACITY: usize = 64 * 1024;

/// The state of an environment. Its parts are borrowed one by one and never across a call into
/// JavaScript.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    pub(crate) connections: RefCell<Registry<Link>>,
    pub(crate) compression: Compression,
    pub(crate) events: RefCell<EventArrays>,
    pub(crate) event_loop: LoopState,
    /// When frames are written, and whose wait.
    pub(crate) schedule: RefCell<Schedule>,
    /// When the first of those frames began to wait.
    pub(crate) waiting_since: Cell<Mark>,
    /// JavaScript is going to say when the tick ends.
    pub(crate) tick_scheduled: Cell<bool>,
    spare: RefCell<Vec<Vec<u8>>>,
    random: RefCell<RandomPool>,
}

/// One connection, and its socket.
// What most messages need comes first, as in `Connection`.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Link {
    /// The socket, while it is on the loop transport.
    pub(crate) socket: Option<LoopSocket>,
    pub(crate) connection: Connection<BufferStore, LentBuffer>,
}

/// Makes the environment's state; it lives until the environment ends.
pub(crate) fn install(env: sys::napi_env) -> Result<*const Environment> {
    let state = Box::<Environment>::default();
    let state = Box::into_raw(state);
    // SAFETY: the pointer comes from `Box::into_raw`; Node calls `dispose` with it once, at the end
    // of the environment, after the last callback that could use it.
    let status =
        unsafe { sys::napi_set_instance_data(env, state.cast(), Some(dispose), ptr::null_mut()) };
    if status != sys::Status::napi_ok {
        // SAFETY: nobody else got the pointer.
        drop(unsafe { Box::from_raw(state) });
        return Err(Error::from_reason("cannot keep the state of ws-rs"));
    }
    runtime::retain();
    Ok(state)
}

unsafe extern "C" fn dispose(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` is what `install` made, and this is the only call.
    drop(unsafe { Box::from_raw(data.cast::<Environment>()) });
    runtime::release();
}

impl Environment {
    /// An empty buffer for output, used before if possible.
    pub(crate) fn spare_buffer(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    /// Takes an output buffer back.
    pub(crate) fn recycle(&self, mut buffer: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS && buffer.capacity() <= SPARE_CAPACITY {
            buffer.clear();
            spare.push(buffer);
        }
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
