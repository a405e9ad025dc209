//! How results of other threads come to the event loop.

use napi::bindgen_prelude::{FromNapiValue, Function};
use napi::sys;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::binding::call::{Call, Fault, Outcome};

type Waker = ThreadsafeFunction<(), napi::Unknown<'static>, (), napi::Status, false, true>;

/// A function of JavaScript that other threads have called. It keeps the process alive only while it
/// is held.
#[derive(Clone)]
pub(super) struct Wake(std::sync::Arc<Waker>);

impl Wake {
    /// For the function that is the argument.
    pub(super) fn new(call: &Call<'_>, index: usize) -> Outcome<Self> {
        // SAFETY: a live environment and value of this call.
        let listener = unsafe {
            Function::<(), napi::Unknown<'static>>::from_napi_value(call.env, call.value(index))
        };
        listener
            .and_then(|listener| {
                listener
                    .build_threadsafe_function::<()>()
                    .weak::<true>()
                    .build()
            })
            .map(|waker| Self(std::sync::Arc::new(waker)))
            .map_err(|_| Fault::Message("ws-rs: cannot listen for finished jobs"))
    }

    /// Has it called soon. A dying environment does not listen any more; then nobody waits.
    pub(super) fn wake(&self) {
        self.0.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// A running job keeps the process alive, as zlib's do.
    pub(super) fn hold_loop(&self, call: &Call<'_>, hold: bool) {
        // SAFETY: the function is open as long as `self` lives, and this is the thread of its loop.
        unsafe {
            if hold {
                sys::napi_ref_threadsafe_function(call.env, self.0.raw());
            } else {
                sys::napi_unref_threadsafe_function(call.env, self.0.raw());
            }
        }
    }
}

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wake").finish_non_exhaustive()
    }
}
