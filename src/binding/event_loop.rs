//! The loop transport's side of the binding: a readable socket becomes one call into JavaScript.

mod room;
mod socket;
mod turn;

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::io;
use std::ptr::{self, NonNull};

use napi::sys;

pub(crate) use self::socket::LoopSocket;
use self::socket::{Turns, create_context};
use super::call::{Call, Fault, Outcome, check};
use super::environment::Environment;
use ws_rs_wire::{Reactor, uv};

/// What the environment's sockets share.
#[derive(Debug, Default)]
pub(crate) struct LoopState {
    listener: Cell<Option<Reference>>,
    /// JavaScript runs in a socket's context.
    in_turn: Cell<bool>,
    slab: RefCell<Slab>,
    /// From the first socket on, until libuv has closed it.
    reactor: Cell<Option<NonNull<Reactor<Turns>>>>,
    /// Contexts of sockets that were closed while JavaScript ran in them.
    retired: RefCell<Vec<Context>>,
    /// The environment ends: no JavaScript any more.
    ending: Cell<bool>,
    cleanup: Cell<Option<CleanupHook>>,
}

#[derive(Debug, Clone, Copy)]
struct Reference(sys::napi_ref);

#[derive(Debug, Clone, Copy)]
struct CleanupHook(sys::napi_async_cleanup_hook_handle);

/// An asynchronous context of Node's.
#[derive(Debug, Clone, Copy)]
struct Context(sys::napi_async_context);

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
    /// Gives a socket back to Node.
    pub(crate) fn close(&self, env: sys::napi_env, mut socket: LoopSocket) {
        if let Some(reactor) = self.reactor() {
            socket.stop(reactor);
        }
        if self.in_turn.get() {
            self.retired.borrow_mut().push(socket.context());
        } else {
            socket.context().destroy(env);
        }
    }

    /// To be called when JavaScript has returned.
    fn end_turn(&self, env: sys::napi_env) {
        self.in_turn.set(false);
        for context in self.retired.borrow_mut().drain(..) {
            context.destroy(env);
        }
    }

    fn reactor(&self) -> Option<&Reactor<Turns>> {
        // SAFETY: it is taken out before libuv frees it.
        self.reactor
            .get()
            .map(|reactor| unsafe { reactor.as_ref() })
    }

    fn open_reactor(&self, call: &Call<'_>) -> io::Result<()> {
        if self.reactor.get().is_some() {
            return Ok(());
        }
        let uv = uv::get().ok_or(io::ErrorKind::Unsupported)?;
        let mut event_loop = ptr::null_mut();
        // SAFETY: a live environment and a valid out pointer.
        let status = unsafe { sys::napi_get_uv_event_loop(call.env, &mut event_loop) };
        if status != sys::Status::napi_ok {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let turns = Turns::new(call);
        // SAFETY: the loop is this thread's, and the cleanup hook closes the handle before it ends.
        let reactor = unsafe { Reactor::open(uv, event_loop.cast(), turns) }?;
        self.reactor.set(Some(reactor));
        Ok(())
    }
}

impl Context {
    const NONE: Self = Self(ptr::null_mut());

    fn destroy(self, env: sys::napi_env) {
        // SAFETY: the context was made for one socket, which is closed once, and no callback runs
        // in it; the environment lives, as its end waits for this.
        unsafe { sys::napi_async_destroy(env, self.0) };
    }
}

/// `loopAvailable() -> boolean`: whether this process has the libuv functions.
pub(crate) fn loop_available(call: &Call<'_>) -> Outcome {
    call.number(u32::from(uv::get().is_some()))
}

/// `onReadable(listener)`: called with the number of rows written, -1 for the end of the stream, -2
/// for a chunk that was not decoded, -3 if a slab is wanted, -4 for a chunk that came while the
/// socket is paused, -5 and -6 for a chunk that is one text or binary message, -7 if the kernel did
/// not take all that was sent, -8 if a `Buffer` for a long message is wanted, or -1000 less a system
/// error number. Row 0 holds the position reached, the length of the chunk (or of the `Buffer` that
/// is wanted), its place in the slab and the connection's place.
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

/// `loopOpen(id, fd, single, local) -> boolean`: begins to read the socket; `single` asks for one
/// event a macrotask, `local` says that it is a Unix socket.
pub(crate) fn loop_open(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let fd = call.i32(1)?;
    let single = call.bool(2)?;
    let local = call.bool(3)?;
    let state = &call.state.event_loop;
    // First, as async hooks may run JavaScript.
    let context = create_context(call)?;
    let mut connections = call.state.connections.borrow_mut();
    if let Some(link) = connections.get_mut(id)
        && link.socket.is_none()
        && fd >= 0
        && state.open_reactor(call).is_ok()
        && let Some(reactor) = state.reactor()
        && reactor.register(fd, id).is_ok()
    {
        reactor.hold(true);
        link.socket = Some(LoopSocket::new(fd, (single, local), context));
        return call.number(1);
    }
    context.destroy(call.env);
    call.number(0)
}

/// `loopClose(id)`: gives the socket back to Node.
pub(crate) fn loop_close(call: &Call<'_>) -> Outcome {
    let socket = match call.state.connections.borrow_mut().get_mut(call.id(0)?) {
        Some(link) => link.socket.take(),
        None => None,
    };
    if let Some(socket) = socket {
        call.state.event_loop.close(call.env, socket);
    }
    call.undefined()
}

/// `loopPause(id, paused)`: whether what comes is left to Node.
pub(crate) fn loop_pause(call: &Call<'_>) -> Outcome {
    let paused = call.bool(1)?;
    with_socket(call, |socket, reactor| {
        socket.set_paused(reactor, paused);
    })
}

/// `loopBusy(id, busy)`: whether the decoder works on a chunk, so that others are not decoded.
pub(crate) fn loop_busy(call: &Call<'_>) -> Outcome {
    let busy = call.bool(1)?;
    with_socket(call, |socket, _| socket.set_busy(busy))
}

/// `loopReference(id, referenced)`: whether the connection keeps the process alive.
pub(crate) fn loop_reference(call: &Call<'_>) -> Outcome {
    let referenced = call.bool(1)?;
    with_socket(call, |socket, reactor| {
        socket.set_referenced(reactor, referenced);
    })
}

fn with_socket(call: &Call<'_>, body: impl FnOnce(&mut LoopSocket, &Reactor<Turns>)) -> Outcome {
    let id = call.id(0)?;
    let mut connections = call.state.connections.borrow_mut();
    let socket = connections
        .get_mut(id)
        .and_then(|link| link.socket.as_mut());
    if let (Some(socket), Some(reactor)) = (socket, call.state.event_loop.reactor()) {
        body(socket, reactor);
    }
    call.undefined()
}

/// Node ends the environment: lets go of every socket, and says so when libuv is through.
unsafe extern "C" fn end_environment(
    handle: sys::napi_async_cleanup_hook_handle,
    data: *mut c_void,
) {
    // SAFETY: `data` is the state, which lives until the hook is removed.
    let environment = unsafe { &*data.cast::<Environment>() };
    let state = &environment.event_loop;
    state.ending.set(true);
    state.cleanup.set(Some(CleanupHook(handle)));
    let Some(reactor) = state.reactor() else {
        return finish_cleanup(state);
    };
    let env = reactor.handler().env();
    for link in environment.connections.borrow_mut().iter_mut() {
        if let Some(socket) = link.socket.take() {
            state.close(env, socket);
        }
    }
    state.end_turn(env);
    reactor.close();
}

/// libuv is through. The state may be gone after this.
fn finish_cleanup(state: &LoopState) {
    state.reactor.set(None);
    if let Some(CleanupHook(handle)) = state.cleanup.take() {
        // SAFETY: the handle that Node gave to the hook, removed once.
        unsafe { sys::napi_remove_async_cleanup_hook(handle) };
    }
}

impl Fault {
    pub(super) const NO_SLAB: Self = Self::Message("ws-rs: no slab to read into");
}
