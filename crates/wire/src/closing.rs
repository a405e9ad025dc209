//! The moment at which libuv tells of what was closed.

use std::cell::UnsafeCell;
use std::ptr::NonNull;

use crate::uv::{self, Handle, Loop, Uv};

/// Room for a `uv_idle_t`; `Uv` is not to be had where it is larger.
const WORDS: usize = uv::MAX_IDLE_SIZE / 8;

/// A handle that is there to be closed. It lives until libuv has closed it.
#[repr(C)]
struct Closing<F> {
    /// libuv writes to it and links it into lists, so it must not move.
    storage: UnsafeCell<[u64; WORDS]>,
    done: F,
}

/// Calls `done` when libuv would call for a handle that is closed now: in the loop's last phase, behind handles that
/// are closed later and before those that were closed earlier.
///
/// # Safety
/// `event_loop` is the loop of this thread, and it runs until the call.
pub(crate) unsafe fn call_when_closed<F: FnOnce() + 'static>(
    uv: &Uv,
    event_loop: *mut Loop,
    done: F,
) {
    let closing = NonNull::from(Box::leak(Box::new(Closing {
        storage: UnsafeCell::new([0; WORDS]),
        done,
    })));
    // SAFETY: the storage is as large as libuv says, and stays in place until `on_close`, which libuv calls
    // later; the loop is the caller's promise. Such a handle's initialisation cannot fail.
    unsafe {
        let handle: *mut Handle = closing.as_ref().storage.get().cast();
        (uv.idle_init)(event_loop, handle);
        (*handle).data = closing.as_ptr().cast();
        (uv.close)(handle, on_close::<F>);
    }
}

unsafe extern "C" fn on_close<F: FnOnce()>(handle: *mut Handle) {
    // SAFETY: `data` is what `call_when_closed` leaked, and libuv calls this once, last of all.
    let closing = unsafe { Box::from_raw((*handle).data.cast::<Closing<F>>()) };
    (closing.done)();
}
