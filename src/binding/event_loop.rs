//! The loop transport's side of the binding: a readable socket becomes one call into JavaScript.

mod socket;

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::ptr::{self, NonNull};

use napi::sys;

pub(crate) use self::socket::LoopSocket;
use super::call::{Call, Fault, Outcome, check};
use super::environment::Environment;
use crate::transport::event_loop::Poll;
use crate::uv;

/// A socket under libuv, which frees it some time after it was closed.
pub(crate) type SocketHandle = NonNull<Poll<LoopSocket>>;

/// What the environment's sockets share.
#[derive(Debug, Default)]
pub(crate) struct LoopState {
    listener: Cell<Option<Reference>>,
    /// JavaScript runs because a socket had something to read: what it sends is written when it
    /// returns, after its ticks and microtasks.
    in_turn: Cell<bool>,
    slab: RefCell<Slab>,
    /// Handles that libuv has not closed yet.
    open: Cell<usize>,
    /// The environment ends: no JavaScript any more.
    ending: Cell<bool>,
    cleanup: Cell<Option<CleanupHook>>,
}

#[derive(Debug, Clone, Copy)]
struct Reference(sys::napi_ref);

#[derive(Debug, Clone, Copy)]
struct CleanupHook(sys::napi_async_cleanup_hook_handle);

/// The memory that sockets are read into. It belongs to a JavaScript `Buffer`, which listeners get
/// slices of, so no byte of it is written twice once it was handed out.
#[derive(Debug)]
struct Slab {
    data: *mut u8,
    len: usize,
    used: usize,
    /// Whether this Node has a way to detach it that cannot be forbidden.
    detachable: bool,
    reference: sys::napi_ref,
}

impl Default for Slab {
    fn default() -> Self {
        Self {
            data: ptr::null_mut(),
            len: 0,
            used: 0,
            detachable: true,
            reference: ptr::null_mut(),
        }
    }
}

impl Slab {
    /// Whether there is room, and the memory still belongs to the `Buffer`: a program may have
    /// detached it (`ArrayBuffer.prototype.transfer`).
    fn is_usable(&self, env: sys::napi_env, least: usize) -> bool {
        if self.len - self.used < least {
            return false;
        }
        if !self.detachable {
            return true;
        }
        let (mut value, mut data, mut len) = (ptr::null_mut(), ptr::null_mut(), 0);
        // SAFETY: a live environment, and a strong reference that `set_slab` made in it.
        let status = unsafe {
            sys::napi_get_reference_value(env, self.reference, &mut value);
            sys::napi_get_buffer_info(env, value, &mut data, &mut len)
        };
        status == sys::Status::napi_ok && data.cast() == self.data && len == self.len
    }
}

impl LoopState {
    /// Whether JavaScript runs because a socket had something to read.
    pub(crate) fn is_in_turn(&self) -> bool {
        self.in_turn.get()
    }
}

/// `loopAvailable() -> boolean`: whether this process has the libuv functions.
pub(crate) fn loop_available(call: &Call<'_>) -> Outcome {
    call.number(u32::from(uv::get().is_some()))
}

/// `onReadable(listener)`: called with the number of rows written, -1 for the end of the stream, -2
/// for a chunk that was not decoded, -3 if a slab is wanted, -4 for a chunk that came while the
/// socket is paused, -5 and -6 for a chunk that is one text or binary message, -7 if the kernel did
/// not take all that was sent, or -1000 less a system error number; row 0 holds the position
/// reached, the length of the chunk, its place in the slab and the connection's place.
pub(crate) fn on_readable(call: &Call<'_>) -> Outcome {
    let mut reference = ptr::null_mut();
    let state = &call.state.event_loop;
    let mut hook = ptr::null_mut();
    // SAFETY: live environment and value; the state outlives the hook, as Node keeps the
    // environment and its data until an asynchronous hook is removed.
    unsafe {
        check(sys::napi_create_reference(
            call.env,
            call.value(0),
            1,
            &mut reference,
        ))?;
        check(sys::napi_add_async_cleanup_hook(
            call.env,
            Some(end_environment),
            ptr::from_ref(call.state).cast_mut().cast(),
            &mut hook,
        ))?;
    }
    state.listener.set(Some(Reference(reference)));
    call.undefined()
}

/// `setSlab(buffer, detachable)`: what sockets are read into from now on.
pub(crate) fn set_slab(call: &Call<'_>) -> Outcome {
    let bytes = call.bytes(0)?;
    let detachable = call.bool(1)?;
    let mut reference = ptr::null_mut();
    // SAFETY: live environment and value.
    check(unsafe { sys::napi_create_reference(call.env, call.value(0), 1, &mut reference) })?;
    let mut slab = call.state.event_loop.slab.borrow_mut();
    if !slab.reference.is_null() {
        // SAFETY: made by the last call, and deleted once. Slices that were handed out keep the
        // memory; nothing is read into it any more.
        unsafe { sys::napi_delete_reference(call.env, slab.reference) };
    }
    *slab = Slab {
        data: bytes.pointer(),
        len: bytes.len,
        used: 0,
        detachable,
        reference,
    };
    call.undefined()
}

/// `loopOpen(id, fd, single) -> boolean`: begins to read the socket; `single` asks for one event
/// a macrotask.
pub(crate) fn loop_open(call: &Call<'_>) -> Outcome {
    let id = call.u32(0)?;
    let fd = call.i32(1)?;
    let single = call.bool(2)?;
    let mut connections = call.state.connections.borrow_mut();
    let Some(link) = connections.get_mut(id) else {
        return call.number(0);
    };
    let Some(uv) = uv::get() else {
        return call.number(0);
    };
    let mut event_loop = ptr::null_mut();
    // SAFETY: a live environment and a valid out pointer.
    check(unsafe { sys::napi_get_uv_event_loop(call.env, &mut event_loop) })?;
    let socket = LoopSocket::new(call, id, single)?;
    // SAFETY: JavaScript passes the descriptor of a socket whose handle is open; the loop is this
    // thread's, and the cleanup hook closes the handle before the loop ends.
    let opened = unsafe { Poll::open(uv, event_loop.cast(), fd, socket) };
    let poll = match opened {
        Ok(poll) => poll,
        Err(socket) => {
            socket.discard();
            return call.number(0);
        }
    };
    link.socket = Some(poll);
    let open = &call.state.event_loop.open;
    open.set(open.get() + 1);
    call.number(1)
}

/// `loopClose(id)`: gives the socket back to Node.
pub(crate) fn loop_close(call: &Call<'_>) -> Outcome {
    close_socket(take_socket(call, call.u32(0)?));
    call.undefined()
}

/// `loopPause(id, paused)`: whether to leave what comes with the kernel.
pub(crate) fn loop_pause(call: &Call<'_>) -> Outcome {
    let paused = call.bool(1)?;
    with_socket(call, |poll| poll.listener.set_paused(poll, paused))
}

/// `loopBusy(id, busy)`: whether the decoder works on a chunk, so that others are not decoded.
pub(crate) fn loop_busy(call: &Call<'_>) -> Outcome {
    let busy = call.bool(1)?;
    with_socket(call, |poll| poll.listener.set_busy(busy))
}

/// `loopReference(id, referenced)`: whether the connection keeps the process alive.
pub(crate) fn loop_reference(call: &Call<'_>) -> Outcome {
    let referenced = call.bool(1)?;
    with_socket(call, |poll| poll.set_referenced(referenced))
}

/// Closes the socket of a connection that is going away.
pub(crate) fn close_socket(socket: Option<SocketHandle>) {
    if let Some(poll) = socket {
        // SAFETY: libuv frees it in a later turn of the loop at the earliest, and the connection
        // had it until now.
        unsafe { poll.as_ref() }.close();
    }
}

fn take_socket(call: &Call<'_>, id: u32) -> Option<SocketHandle> {
    call.state
        .connections
        .borrow_mut()
        .get_mut(id)?
        .socket
        .take()
}

fn with_socket(call: &Call<'_>, body: impl FnOnce(&Poll<LoopSocket>)) -> Outcome {
    let id = call.u32(0)?;
    let socket = call
        .state
        .connections
        .borrow_mut()
        .get_mut(id)
        .and_then(|link| link.socket);
    if let Some(poll) = socket {
        // SAFETY: a connection lets go of its socket before libuv frees it.
        body(unsafe { poll.as_ref() });
    }
    call.undefined()
}

/// Node ends the environment: closes every socket, and says so when libuv is through.
unsafe extern "C" fn end_environment(
    handle: sys::napi_async_cleanup_hook_handle,
    data: *mut c_void,
) {
    // SAFETY: `data` is the state, which lives until the hook is removed.
    let environment = unsafe { &*data.cast::<Environment>() };
    let state = &environment.event_loop;
    state.ending.set(true);
    state.cleanup.set(Some(CleanupHook(handle)));
    for link in environment.connections.borrow_mut().iter_mut() {
        close_socket(link.socket.take());
    }
    finish_cleanup(state);
}

fn finish_cleanup(state: &LoopState) {
    if state.open.get() == 0
        && let Some(CleanupHook(handle)) = state.cleanup.take()
    {
        // SAFETY: the handle that Node gave to the hook, removed once. The state may be gone
        // after this.
        unsafe { sys::napi_remove_async_cleanup_hook(handle) };
    }
}

impl Fault {
    pub(super) const NO_SLAB: Self = Self::Message("ws-rs: no slab to read into");
}
