//! Work on the runtime's blocking pool, and how its results come back to the event loop.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi_sys as sys;
use ws_rs_engine::registry::Id;
use ws_rs_protocol::CompressionError;

use super::codec::{Kind, Rest, State, Task};
use super::pool::SharedPool;
use crate::binding::call::{Call, Fault, Outcome, check};
use crate::binding::environment::Environment;
use crate::binding::values::Value;
use crate::runtime;

/// From this length on JavaScript gets the memory that the result is in; a copy of less is cheaper.
const HAND_OVER: usize = 32 * 1024;

/// Work that is done.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) codec: Id,
    /// `None`: it came from the pool, and is there again.
    pub(crate) state: Option<State>,
    pub(crate) task: Task,
    pub(crate) result: Result<Vec<u8>, CompressionError>,
}

/// Where a job has its state from.
pub(crate) enum Source {
    /// The codec: the message goes on with its context.
    Own(State),
    /// The pool, for the time of the job.
    Pool {
        pool: SharedPool,
        kind: Arc<Kind>,
        history: Vec<u8>,
    },
}

/// The jobs of a copy of the JavaScript: those on other threads, and those that came back.
#[derive(Default)]
pub(crate) struct Jobs {
    returns: Arc<Mutex<Returns>>,
    listener: Option<Value>,
    running: usize,
}

/// Where other threads put results.
#[derive(Default)]
struct Returns {
    done: Vec<Done>,
    wake: Option<Wake>,
}

/// Has the event loop's thread call `on_wake`. It is there from the first job until nobody has a use
/// for compression, as it counts as an open handle.
struct Wake(sys::napi_threadsafe_function);

// SAFETY: a function of this kind is for other threads. They call it only while it is in `Returns`,
// under its lock, and it is taken from there before it ends.
unsafe impl Send for Wake {}

/// What such a function has.
struct Context {
    state: Rc<Environment>,
    function: Cell<sys::napi_threadsafe_function>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl Source {
    fn run(
        self,
        payload: &[u8],
        task: Task,
        out: &mut Vec<u8>,
    ) -> (Option<State>, Result<(), CompressionError>) {
        match self {
            Self::Own(mut state) => {
                state.prefetch(payload);
                let result = state.run(payload, task, out);
                (Some(state), result)
            }
            Self::Pool {
                pool,
                kind,
                history,
            } => {
                let spare = pool.lock().take(&kind, true);
                let mut state = State::ready(spare, &kind, &history, true);
                let result = state.run(payload, task, out);
                pool.lock().give_back(state);
                (None, result)
            }
        }
    }
}

impl Jobs {
    /// Has `listener`, the first argument, called when there is something to take.
    pub(crate) fn listen(&mut self, call: &Call<'_>) -> Outcome<()> {
        self.listener = Some(call.state.values.keep(call.value(0), self.listener)?);
        Ok(())
    }

    /// Does the rest of a message on another thread. On a fault the state is lost.
    pub(crate) fn start(
        &mut self,
        call: &Call<'_>,
        codec: Id,
        source: Source,
        rest: Rest,
    ) -> Outcome<()> {
        let mut returns = self.lock();
        if returns.wake.is_none() {
            returns.wake = Some(Wake::create(call)?);
        }
        drop(returns);
        let returns = Arc::clone(&self.returns);
        runtime::spawn_blocking(move || {
            let Rest {
                payload,
                mut out,
                task,
                ..
            } = rest;
            let (state, result) = source.run(&payload, task, &mut out);
            drop(payload);
            let result = result.map(|()| {
                // JavaScript may hold it for long.
                if out.capacity() - out.len() > out.len() / 8 {
                    out.shrink_to_fit();
                }
                out
            });
            returns
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .put(Done {
                    codec,
                    state,
                    task,
                    result,
                });
        })
        .map_err(|_| Fault::Message("ws-rs: cannot start a thread for compression"))?;
        self.running += 1;
        if self.running == 1 {
            self.hold_loop(call, true);
        }
        Ok(())
    }

    /// What came back since the last call.
    pub(crate) fn take(&mut self, call: &Call<'_>) -> Vec<Done> {
        let done = std::mem::take(&mut self.lock().done);
        self.running -= done.len();
        if self.running == 0 && !done.is_empty() {
            self.hold_loop(call, false);
        }
        done
    }

    /// Lets go of the event loop's handle, if no job is running; the next one gets another.
    pub(crate) fn rest(&self) {
        if self.running > 0 {
            return;
        }
        if let Some(Wake(function)) = self.lock().wake.take() {
            // SAFETY: the only count of a function that has not ended, as it was there.
            unsafe {
                sys::napi_release_threadsafe_function(
                    function,
                    sys::ThreadsafeFunctionReleaseMode::release,
                );
            }
        }
    }

    /// A running job keeps the process alive, as zlib's do, and who waits for it.
    fn hold_loop(&self, call: &Call<'_>, hold: bool) {
        call.state.values.hold(hold);
        let returns = self.lock();
        let Some(Wake(function)) = &returns.wake else {
            return;
        };
        // SAFETY: a function that has not ended, on the thread of its loop.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(call.env, *function);
            } else {
                sys::napi_unref_threadsafe_function(call.env, *function);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Returns> {
        self.returns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Returns {
    fn put(&mut self, done: Done) {
        self.done.push(done);
        // A dying environment does not listen any more; then nobody waits for the result.
        if self.done.len() == 1
            && let Some(Wake(function)) = &self.wake
        {
            // SAFETY: it has not ended, and cannot while `self` is locked.
            let status = unsafe {
                sys::napi_call_threadsafe_function(
                    *function,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                )
            };
            if status == sys::Status::napi_closing {
                // Node has taken our count.
                self.wake = None;
            }
        }
    }
}

impl Wake {
    /// One that does not keep the process alive.
    fn create(call: &Call<'_>) -> Outcome<Self> {
        let Some(state) = call.state.this.upgrade() else {
            return Err(Fault::Message("ws-rs: nobody listens for finished jobs"));
        };
        let name = call.string("WSRSJOBS")?;
        let mut function = ptr::null_mut();
        let context = Box::into_raw(Box::new(Context {
            state,
            function: Cell::new(ptr::null_mut()),
        }));
        // SAFETY: live environment and values, valid out pointer. The context lives until Node calls
        // `on_end`, last of all, unless there is no function at all.
        unsafe {
            let status = sys::napi_create_threadsafe_function(
                call.env,
                ptr::null_mut(),
                ptr::null_mut(),
                name,
                0,
                1,
                context.cast(),
                Some(on_end),
                context.cast(),
                Some(on_wake),
                &mut function,
            );
            if let Err(fault) = check(status) {
                drop(Box::from_raw(context));
                return Err(fault);
            }
            (*context).function.set(function);
            sys::napi_unref_threadsafe_function(call.env, function);
        }
        Ok(Self(function))
    }
}

/// There are results to take.
unsafe extern "C" fn on_wake(
    env: sys::napi_env,
    _function: sys::napi_value,
    context: *mut c_void,
    _data: *mut c_void,
) {
    if env.is_null() {
        // The environment ends.
        return;
    }
    // SAFETY: what `create` made; it lives until `on_end`.
    let Context { state, .. } = unsafe { &*context.cast::<Context>() };
    let listener = state.compression.jobs.borrow().listener;
    let listener = listener.map_or(ptr::null_mut(), |value| value.get(env));
    if listener.is_null() {
        return;
    }
    let (mut receiver, mut result) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: a live environment, on its thread, in a scope of Node's, and valid out pointers.
    // Nothing of the state is borrowed here.
    unsafe {
        sys::napi_get_undefined(env, &mut receiver);
        let status = sys::napi_call_function(env, receiver, listener, 0, ptr::null(), &mut result);
        if status == sys::Status::napi_pending_exception {
            let mut error = ptr::null_mut();
            sys::napi_get_and_clear_last_exception(env, &mut error);
            sys::napi_fatal_exception(env, error);
        }
    }
}

/// The function ends, because it was let go of or the environment ends.
unsafe extern "C" fn on_end(_env: sys::napi_env, data: *mut c_void, _context: *mut c_void) {
    // SAFETY: what `create` made, and this is the only call.
    let context = unsafe { Box::from_raw(data.cast::<Context>()) };
    let jobs = context.state.compression.jobs.borrow();
    let mut returns = jobs.lock();
    // Once it was let go of there may be another.
    if matches!(&returns.wake, Some(Wake(function)) if *function == context.function.get()) {
        returns.wake = None;
    }
}

/// A `Buffer` of what a job made.
pub(crate) fn into_buffer(call: &Call<'_>, bytes: Vec<u8>) -> Outcome {
    if bytes.len() < HAND_OVER {
        return call.buffer(&bytes);
    }
    let bytes = Box::new(bytes);
    let (data, len) = (bytes.as_ptr().cast_mut(), bytes.len());
    let owner = Box::into_raw(bytes);
    let mut value = ptr::null_mut();
    // SAFETY: a live environment. The bytes stay where they are until `free` is called with their
    // owner, once, when the Buffer is gone; nobody else has a pointer to them.
    let status = unsafe {
        sys::napi_create_external_buffer(
            call.env,
            len,
            data.cast(),
            Some(free),
            owner.cast(),
            &mut value,
        )
    };
    if status == sys::Status::napi_ok {
        return Ok(value);
    }
    // Where V8 takes no memory of others (Electron), it gets a copy.
    // SAFETY: Node-API did not take the bytes, so the owner is still ours.
    let bytes = unsafe { Box::from_raw(owner) };
    call.buffer(&bytes)
}

unsafe extern "C" fn free(_env: sys::napi_env, _data: *mut c_void, owner: *mut c_void) {
    // SAFETY: `owner` comes from `Box::into_raw` in `into_buffer`, and this is the only call.
    drop(unsafe { Box::from_raw(owner.cast::<Vec<u8>>()) });
}
