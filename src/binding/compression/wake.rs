//! How results of other threads come to the event loop.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use napi_sys as sys;

use crate::binding::call::{Call, Fault, Outcome, check};
use crate::binding::environment::Environment;

/// Has the event loop's thread call the listener of finished jobs. Its handle is open from the first
/// job until nobody has a use for compression, as test runners report open handles; it keeps the
/// process alive only while it is held.
#[derive(Debug, Clone, Default)]
pub(super) struct Wake(Arc<Mutex<Option<Function>>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Function(sys::napi_threadsafe_function);

// SAFETY: a function of this kind is for other threads. They call it only while it is in the `Wake`,
// under its lock, and it is taken from there before it ends.
unsafe impl Send for Function {}

/// What such a function has.
struct Context {
    state: Rc<Environment>,
    wake: Wake,
    function: Cell<sys::napi_threadsafe_function>,
}

impl Wake {
    /// Opens the handle, if it is not open.
    pub(super) fn open(&self, call: &Call<'_>) -> Outcome<()> {
        if self.lock().is_some() {
            return Ok(());
        }
        let Some(state) = call.state.this.upgrade() else {
            return Err(Fault::Message("ws-rs: nobody listens for finished jobs"));
        };
        let name = call.string("WSRSJOBS")?;
        let mut function = ptr::null_mut();
        let context = Box::into_raw(Box::new(Context {
            state,
            wake: self.clone(),
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
        let mut slot = self.lock();
        if slot.is_none() {
            *slot = Some(Function(function));
            return Ok(());
        }
        drop(slot);
        // Whoever watches resources was told of this one, and has had one opened meanwhile.
        // SAFETY: the only count of a function that has not ended, as nobody else knows of it.
        unsafe { release(function) };
        Ok(())
    }

    /// Closes the handle; the next job opens another.
    pub(super) fn close(&self) {
        if let Some(Function(function)) = self.lock().take() {
            // SAFETY: the only count of a function that has not ended, as it was there.
            unsafe { release(function) };
        }
    }

    /// Has the listener called soon. A dying environment does not listen any more; then nobody waits.
    pub(super) fn wake(&self) {
        let mut slot = self.lock();
        let Some(Function(function)) = *slot else {
            return;
        };
        // SAFETY: it has not ended, and cannot while it is locked.
        let status = unsafe {
            sys::napi_call_threadsafe_function(
                function,
                ptr::null_mut(),
                sys::ThreadsafeFunctionCallMode::nonblocking,
            )
        };
        if status == sys::Status::napi_closing {
            // Node has taken our count.
            *slot = None;
        }
    }

    /// From now on a job runs, which keeps the process alive, as zlib's do, and who waits for it.
    pub(super) fn reference(&self, call: &Call<'_>) {
        call.state.values.retain();
        if let Some(Function(function)) = *self.lock() {
            // SAFETY: a function that has not ended, on the thread of its loop.
            unsafe { sys::napi_ref_threadsafe_function(call.env, function) };
        }
    }

    /// No job runs any more.
    pub(super) fn unreference(&self, call: &Call<'_>) {
        call.state.values.release();
        if let Some(Function(function)) = *self.lock() {
            // SAFETY: as in `reference`.
            unsafe { sys::napi_unref_threadsafe_function(call.env, function) };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Function>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Safety
/// The caller has a count of it, which it gives back.
unsafe fn release(function: sys::napi_threadsafe_function) {
    // SAFETY: the caller's promise.
    unsafe {
        sys::napi_release_threadsafe_function(
            function,
            sys::ThreadsafeFunctionReleaseMode::release,
        );
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
    // SAFETY: what `open` made; it lives until `on_end`.
    let Context { state, .. } = unsafe { &*context.cast::<Context>() };
    let listener = state.compression.listener.get();
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

/// The function ends, because it was closed or the environment ends.
unsafe extern "C" fn on_end(_env: sys::napi_env, data: *mut c_void, _context: *mut c_void) {
    // SAFETY: what `open` made, and this is the only call.
    let context = unsafe { Box::from_raw(data.cast::<Context>()) };
    // Once it was closed there may be another.
    let mut slot = context.wake.lock();
    if *slot == Some(Function(context.function.get())) {
        *slot = None;
    }
}
