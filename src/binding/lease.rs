//! Native memory that V8 has as an `ArrayBuffer`, for as long as anybody can see it.

use std::cell::Cell;
use std::ffi::c_void;
use std::mem;
use std::ptr;
use std::rc::Rc;

use napi_sys as sys;

use super::bytes::memory_of;

/// What is kept until V8 gives the memory back.
struct Lease<T> {
    owner: Cell<Option<T>>,
    env: sys::napi_env,
    /// The `ArrayBuffer`, weakly, and the watch. Null if there could be none.
    references: Cell<[sys::napi_ref; 2]>,
}

/// Lends V8 memory that lives as long as `owner`: `create` is to pass on the finalizer and its hint. If it
/// fails the owner comes back with its status.
///
/// When an environment ends Node has the memory given back that it was lent, also what a program has moved to
/// another thread by then (`ArrayBuffer.prototype.transfer()`), which still sees it. Such memory is never freed.
/// To be asked before, there is another buffer, the watch: what is made last is given back first.
///
/// # Safety
/// `env` is live, in a callback. `create` makes an `ArrayBuffer` or a `Buffer` of memory of the owner's, or of
/// nothing if it fails.
pub(crate) unsafe fn lend<T: 'static>(
    env: sys::napi_env,
    owner: T,
    create: impl FnOnce(sys::napi_finalize, *mut c_void, &mut sys::napi_value) -> sys::napi_status,
) -> Result<sys::napi_value, (sys::napi_status, Option<T>)> {
    let lease = Rc::new(Lease {
        owner: Cell::new(Some(owner)),
        env,
        references: Cell::new([ptr::null_mut(); 2]),
    });
    let mut value = ptr::null_mut();
    let hint = Rc::into_raw(Rc::clone(&lease)).cast_mut().cast();
    let status = create(Some(give_back::<T>), hint, &mut value);
    if status != sys::Status::napi_ok {
        // SAFETY: made above, for a finalizer that will not be called.
        drop(unsafe { Rc::from_raw(hint.cast_const().cast::<Lease<T>>()) });
        return Err((status, lease.owner.take()));
    }
    let (mut watch, mut buffer, mut kept) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let hint = Rc::into_raw(Rc::clone(&lease)).cast_mut();
    // SAFETY: a live environment and value, and valid out pointers. The watch is of a byte that nobody uses, which is
    // there as long as the count that its finalizer gives back.
    unsafe {
        sys::napi_create_reference(env, memory_of(env, value).unwrap_or(value), 0, &mut buffer);
        let status = sys::napi_create_external_arraybuffer(
            env,
            hint.cast(),
            1,
            Some(at_end::<T>),
            hint.cast(),
            &mut watch,
        );
        if status == sys::Status::napi_ok {
            sys::napi_create_reference(env, watch, 1, &mut kept);
        } else {
            drop(Rc::from_raw(hint.cast_const()));
        }
    }
    lease.references.set([buffer, kept]);
    Ok(value)
}

/// Whether an `ArrayBuffer` has the memory that it was made of; then nobody else has.
pub(crate) fn has_memory(env: sys::napi_env, buffer: sys::napi_value) -> bool {
    let mut is_detached = true;
    // SAFETY: a live environment, a live value or null, which is refused, and a valid out pointer.
    let status = unsafe { sys::napi_is_detached_arraybuffer(env, buffer, &mut is_detached) };
    status == sys::Status::napi_ok && !is_detached
}

/// The watch is given back. If the memory is not, the environment ends.
unsafe extern "C" fn at_end<T>(env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `lend` made it of a count of its own, and this is the only call.
    let lease = unsafe { Rc::from_raw(hint.cast_const().cast::<Lease<T>>()) };
    let [reference, _] = lease.references.get();
    let (mut scope, mut buffer) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: the environment lives or is in its finalizers, and valid out pointers. The reference is there as long as it
    // is in the lease; without one there is no value.
    unsafe {
        let is_open = sys::napi_open_handle_scope(env, &mut scope) == sys::Status::napi_ok;
        if is_open {
            sys::napi_get_reference_value(env, reference, &mut buffer);
        }
        if !has_memory(env, buffer) {
            mem::forget(lease.owner.take());
        }
        if is_open {
            sys::napi_close_handle_scope(env, scope);
        }
    }
}

/// V8 gives the memory back, or Node does for it.
unsafe extern "C" fn give_back<T>(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `lend` made it of a count of its own, and this is the only call.
    let lease = unsafe { Rc::from_raw(hint.cast_const().cast::<Lease<T>>()) };
    for reference in lease.references.replace([ptr::null_mut(); 2]) {
        // SAFETY: the environment lives or is in its finalizers, where Node-API still deletes references. Each is ours
        // and deleted once; null is refused.
        unsafe { sys::napi_delete_reference(lease.env, reference) };
    }
    drop(lease.owner.take());
}
