//! The loop transport's side of the binding: a readable socket becomes one call into JavaScript.

mod answers;
pub(crate) mod arrivals;
pub(crate) mod behind;
mod context;
mod listeners;
mod memory;
pub(crate) mod pulses;
mod socket;
pub(crate) mod threads;
mod turn;
mod turns;

use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use napi_sys as sys;

pub(crate) use self::answers::{Answers, Deflating, Inflating};
pub(crate) use self::context::{Context, capture_context};
use self::listeners::Listeners;
pub(crate) use self::socket::LoopSocket;
use self::turns::Turns;
use super::call::{Call, Fault, Outcome};
use super::environment::Environment;
use super::shared_memory::SharedMemory;
use super::values::Values;
use ws_rs_engine::heartbeat::Heartbeats;
use ws_rs_engine::inbox::{Decoder, Inbox, SCRATCH};
use ws_rs_engine::registry::{Id, Registry};
use ws_rs_protocol::{Config, PingResponder};
use ws_rs_wire::{Left, Move, Reactor, Responder, Socket, Stream, has_end_behind, tls, uv};

/// What the sockets of a copy share.
#[derive(Debug, Default)]
pub(crate) struct LoopState {
    listeners: OnceCell<Listeners>,
    /// In how many sockets' contexts JavaScript runs, one within the other.
    depth: Cell<u32>,
    /// What sockets are read into. It stays in the processor's cache, and no program ever sees it.
    scratch: OnceCell<SharedMemory>,
    /// For tests: whose next turn fails, and whether it panics.
    injected: Cell<Option<(Id, bool)>>,
    /// From the first socket on, until libuv has closed it.
    reactor: Cell<Option<NonNull<Reactor<Turns>>>>,
    /// What I/O threads had read of sockets that are Node's now, and was not handed over yet.
    unread: RefCell<Vec<(Id, Left)>>,
    /// What is left of the slice that libuv would have read, behind the message that was last read alone.
    behind: Cell<Option<(Id, usize)>>,
    /// Contexts of connections that ended while JavaScript ran in one.
    retired: RefCell<Vec<Context>>,
    /// The environment ends: no JavaScript any more.
    ending: Cell<bool>,
    /// Those of servers that speak TLS.
    pub(crate) contexts: RefCell<Registry<tls::Context>>,
    /// As long as there is a reactor.
    cleanup: Cell<Option<CleanupHook>>,
}

#[derive(Debug, Clone, Copy)]
struct CleanupHook(sys::napi_async_cleanup_hook_handle);

impl LoopState {
    /// Gives a socket back to Node.
    pub(crate) fn close(&self, values: &Values, mut socket: LoopSocket) {
        if let Some(reactor) = self.reactor() {
            socket.stop(reactor);
        }
        values.release();
    }

    /// Whether sockets can be watched here.
    pub(crate) fn is_ready(&self, call: &Call<'_>) -> bool {
        self.open_reactor(call).is_ok()
    }

    /// Takes connections of a listening socket from now on; `false`: it cannot be watched.
    pub(crate) fn listen(&self, call: &Call<'_>, fd: i32) -> bool {
        fd >= 0
            && self.is_ready(call)
            && self
                .reactor()
                .is_some_and(|reactor| reactor.is_listening(fd) || reactor.listen(fd).is_ok())
    }

    /// Takes no connections of a listening socket any more.
    pub(crate) fn leave_listening(&self, fd: i32) {
        if let Some(reactor) = self.reactor() {
            reactor.leave_listening(fd);
        }
    }

    /// Another connection has a socket from now on.
    pub(crate) fn rename(&self, socket: &mut LoopSocket, id: Id) {
        if let Some(reactor) = self.reactor() {
            reactor.rename(socket.descriptor(), id);
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
        let turns = Turns::new(call).ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: the loop is this thread's, and the cleanup hook closes the handle before it ends.
        let reactor = unsafe { Reactor::open(uv, event_loop.cast(), turns) }?;
        let state = Rc::into_raw(reactor_state(reactor));
        let mut hook = ptr::null_mut();
        // SAFETY: a live environment; the hook has a count of its own, which `finish_cleanup` gives
        // back when it has removed it.
        let status = unsafe {
            sys::napi_add_async_cleanup_hook(
                call.env,
                Some(end_environment),
                state.cast_mut().cast(),
                &mut hook,
            )
        };
        if status != sys::Status::napi_ok {
            // SAFETY: Node did not take them: the count is ours, and the reactor is freed later.
            unsafe {
                drop(Rc::from_raw(state));
                reactor.as_ref().close();
            }
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.cleanup.set(Some(CleanupHook(hook)));
        self.reactor.set(Some(reactor));
        Ok(())
    }

    /// Lets go of every socket; libuv is through a little later.
    pub(crate) fn shut_down(&self, environment: &Environment) {
        let env = environment.values.env();
        for entry in environment.connections.borrow_mut().iter_mut() {
            // Node calls, whom no panic may reach, and the others are let go of all the same.
            drop(catch_unwind(AssertUnwindSafe(|| entry.leave_thread())));
            if let Some(socket) = entry.socket.take() {
                self.close(&environment.values, socket);
            }
            std::mem::replace(&mut entry.context, Context::NONE).destroy(env);
        }
        self.destroy_retired(env);
        if let Some(reactor) = self.reactor() {
            reactor.close();
        }
    }
}

/// The state that a reactor keeps alive.
fn reactor_state(reactor: NonNull<Reactor<Turns>>) -> Rc<Environment> {
    // SAFETY: it was just opened, and nobody has closed it.
    Rc::clone(unsafe { reactor.as_ref() }.handler().state())
}

/// `loopAvailable() -> boolean`: whether this process has the libuv functions.
pub(crate) fn loop_available(call: &Call<'_>) -> Outcome {
    call.number(u32::from(uv::get().is_some()))
}

/// `onEvents(listeners: Object) -> ArrayBuffer`: the functions that are called from the event loop,
/// by the names in `listeners.rs`, and the scratch that sockets are read into. To be called once.
pub(crate) fn on_events(call: &Call<'_>) -> Outcome {
    let state = &call.state.event_loop;
    let listeners = Listeners::of(&call.state.values, call.value(0))?;
    let (scratch, value) = SharedMemory::create(&call.state.values, SCRATCH)?;
    if state.listeners.set(listeners).is_err() || state.scratch.set(scratch).is_err() {
        return Err(Fault::Message("ws-rs: the event loop has listeners"));
    }
    Ok(value)
}

/// `loopFail(id, panics)`, for tests only: the connection's next turn fails or panics.
pub(crate) fn loop_fail(call: &Call<'_>) -> Outcome {
    let injected = (call.id(0)?, call.bool(1)?);
    call.state.event_loop.injected.set(Some(injected));
    call.undefined()
}

/// `threadPanic(id)`, for tests only: the connection's I/O thread panics.
pub(crate) fn thread_panic(call: &Call<'_>) -> Outcome {
    with_socket(call, |socket, _| {
        if let Some(thread) = socket.threaded() {
            thread.panic();
        }
    })
}

/// `loopFew() -> number`, for tests only: how many sockets libuv watches one by one.
pub(crate) fn loop_few(call: &Call<'_>) -> Outcome {
    let few = call.state.event_loop.reactor().map_or(0, Reactor::few);
    call.number(few as u32)
}

/// `loopPairs(expected)`: whether both ends of connections that are opened now are in this process.
pub(crate) fn loop_pairs(call: &Call<'_>) -> Outcome {
    let expected = call.bool(0)?;
    if call.state.event_loop.is_ready(call)
        && let Some(reactor) = call.state.event_loop.reactor()
    {
        reactor.expect_pairs(expected);
    }
    call.undefined()
}

/// `loopOpen(id, fd, single, local, threads) -> boolean`: begins to read the socket; `single` asks for
/// one event a macrotask, `local` says that it is a Unix socket, and if there are `threads` one of so
/// many reads and writes it.
pub(crate) fn loop_open(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let fd = call.i32(1)?;
    let single = call.bool(2)?;
    let local = call.bool(3)?;
    let threads = call.u32(4)? as usize;
    let mut connections = call.state.connections.borrow_mut();
    let mut heartbeats = call.state.heartbeats.borrow_mut();
    let responder = follower(&mut heartbeats, id, threads);
    let follows = responder.is_some();
    if let Some(entry) = connections.get_mut(id)
        && entry.socket.is_none()
        && let Some(stream) = open_stream(call, (fd, id, local), threads, responder)
    {
        let socket = LoopSocket::new(stream, Inbox::new(single, local));
        entry.socket = Some(socket);
        if follows {
            entry.leave_heartbeat(id, &mut heartbeats);
        }
        return call.number(1);
    }
    call.number(0)
}

/// Has the reactor watch a socket, or one of so many threads if there are any, which `responder` answers
/// pings for.
pub(crate) fn open_stream(
    call: &Call<'_>,
    (fd, id, is_local): (i32, Id, bool),
    threads: usize,
    responder: Option<PingResponder>,
) -> Option<Stream> {
    watch(call, fd, |reactor| {
        if threads == 0 {
            reactor.register_reader(fd, id).ok()?;
            return Some(Stream::Own(Socket::Plain(fd)));
        }
        let socket = Socket::Plain(fd);
        let how = Move {
            id,
            is_local,
            threads,
            // A handle of Node's has the descriptor.
            others_may_close: true,
            responder: boxed(responder),
        };
        let moved = reactor.move_to_thread(socket, how).ok()?;
        Some(Stream::Threaded(Box::new(moved)))
    })
}

/// What follows the frames of a connection that begins, on one of so many threads: only a heartbeat needs to know there
/// where they end.
pub(crate) fn follower(
    heartbeats: &mut Heartbeats,
    id: Id,
    threads: usize,
) -> Option<PingResponder> {
    let follows = threads > 0 && heartbeats.is_active(id);
    follows.then(|| PingResponder::silent_between_frames(Config::default()))
}

fn boxed(responder: Option<PingResponder>) -> Option<Box<dyn Responder>> {
    responder.map(|one| Box::new(Answers(one)) as Box<dyn Responder>)
}

/// Opens the reactor, and keeps it and what JavaScript needs for what `register` has it watch.
fn watch(
    call: &Call<'_>,
    fd: i32,
    register: impl FnOnce(&Reactor<Turns>) -> Option<Stream>,
) -> Option<Stream> {
    let state = &call.state.event_loop;
    if fd < 0 || state.open_reactor(call).is_err() {
        return None;
    }
    let reactor = state.reactor()?;
    let stream = register(reactor)?;
    reactor.reference();
    call.state.values.retain();
    Some(stream)
}

/// `loopShutDown(id)`: nothing more will be written, and the peer is told so.
pub(crate) fn loop_shut_down(call: &Call<'_>) -> Outcome {
    with_socket(call, |socket, _| socket.stream_mut().shut_down())
}

/// `loopPause(id, paused)`: whether what comes is left to Node.
pub(crate) fn loop_pause(call: &Call<'_>) -> Outcome {
    let paused = call.bool(1)?;
    let id = call.id(0)?;
    with_socket(call, |socket, reactor| {
        socket.set_paused(reactor, id, paused);
    })
}

/// `endsBehind(fd) -> boolean`: whether the peer sends no more than what is there to read, as far as the system
/// tells.
pub(crate) fn ends_behind(call: &Call<'_>) -> Outcome {
    call.number(u32::from(has_end_behind(call.i32(0)?)))
}

/// `isReadable(fd) -> boolean`: whether there is something to read, or the end.
pub(crate) fn is_readable(call: &Call<'_>) -> Outcome {
    call.number(u32::from(ws_rs_wire::is_readable(call.i32(0)?)))
}

/// `loopBusy(id, busy, forGood)`: whether the decoder works on a chunk, so that others are not decoded.
/// They are not waited with if that is so for good.
pub(crate) fn loop_busy(call: &Call<'_>) -> Outcome {
    let id = call.id(0)?;
    let decoder = match (call.bool(1)?, call.bool(2)?) {
        (false, _) => Decoder::Free,
        (true, false) => Decoder::Busy,
        (true, true) => Decoder::BusyForGood,
    };
    if decoder == Decoder::BusyForGood
        && let Some(entry) = call.state.connections.borrow_mut().get_mut(id)
    {
        entry.inflated.stop();
    }
    with_socket(call, |socket, reactor| {
        socket.set_decoder(reactor, id, decoder);
    })
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
        .and_then(|entry| entry.socket.as_mut());
    if let (Some(socket), Some(reactor)) = (socket, call.state.event_loop.reactor()) {
        body(socket, reactor);
    }
    call.undefined()
}

/// Node ends the environment: lets go of every socket, and says so when libuv is through.
unsafe extern "C" fn end_environment(
    _handle: sys::napi_async_cleanup_hook_handle,
    data: *mut c_void,
) {
    // SAFETY: `data` is the state, of which the hook has a count until it is removed.
    let environment = unsafe { &*data.cast::<Environment>() };
    environment.event_loop.ending.set(true);
    // There is a reactor as long as there is the hook.
    environment.event_loop.shut_down(environment);
}

/// libuv is through.
fn finish_cleanup(environment: &Rc<Environment>) {
    let state = &environment.event_loop;
    state.reactor.set(None);
    if let Some(CleanupHook(handle)) = state.cleanup.take() {
        // SAFETY: the handle is that of the hook, which is removed once, and with it goes its count
        // of the state; the caller has another.
        unsafe {
            sys::napi_remove_async_cleanup_hook(handle);
            Rc::decrement_strong_count(Rc::as_ptr(environment));
        }
    }
}
