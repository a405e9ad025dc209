//! Work on the runtime's blocking pool, and how its results come back to the event loop.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use napi::bindgen_prelude::{FromNapiValue, Function};
use napi::sys;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::CompressionError;

use super::codec::{Kind, Rest, State, Task};
use super::pool::SharedPool;
use crate::binding::call::{Call, Fault, Outcome};
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

type Wake = ThreadsafeFunction<(), napi::Unknown<'static>, (), napi::Status, false, true>;

/// The jobs of an environment: those on other threads, and those that came back.
#[derive(Default)]
pub(crate) struct Jobs {
    done: Arc<Mutex<Vec<Done>>>,
    wake: Option<Arc<Wake>>,
    running: usize,
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
        // SAFETY: a live environment and value of this call.
        let listener = unsafe {
            Function::<(), napi::Unknown<'static>>::from_napi_value(call.env, call.value(0))
        };
        let wake = listener.and_then(|listener| {
            listener
                .build_threadsafe_function::<()>()
                .weak::<true>()
                .build()
        });
        let wake = wake.map_err(|_| Fault::Message("ws-rs: cannot listen for finished jobs"))?;
        self.wake = Some(Arc::new(wake));
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
        let wake = self
            .wake
            .clone()
            .ok_or(Fault::Message("ws-rs: nobody listens for finished jobs"))?;
        let done = Arc::clone(&self.done);
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
            let mut list = done.lock().unwrap_or_else(PoisonError::into_inner);
            let first = list.is_empty();
            list.push(Done {
                codec,
                state,
                task,
                result,
            });
            drop(list);
            if first {
                // A dying environment does not listen any more; then nobody waits for the result.
                wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
            }
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
        let done = std::mem::take(&mut *self.done.lock().unwrap_or_else(PoisonError::into_inner));
        self.running -= done.len();
        if self.running == 0 && !done.is_empty() {
            self.hold_loop(call, false);
        }
        done
    }

    /// A running job keeps the process alive, as zlib's do.
    fn hold_loop(&self, call: &Call<'_>, hold: bool) {
        let Some(wake) = &self.wake else { return };
        // SAFETY: the function is open as long as `wake` lives, and this is the thread of its loop.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(call.env, wake.raw());
            } else {
                sys::napi_unref_threadsafe_function(call.env, wake.raw());
            }
        }
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
