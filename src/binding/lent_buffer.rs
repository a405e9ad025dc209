//! A payload that stays in the program's `Buffer` until it is written.

use std::ptr;

use napi_sys as sys;
use ws_rs_engine::outbox::Lent;

use super::call::Bytes;

/// A reference to a `Buffer` or `Uint8Array` of the program's. Its bytes are looked up each time they
/// are needed: the program may detach, transfer or resize the memory meanwhile. It is not shared memory.
#[derive(Debug)]
pub(crate) struct LentBuffer {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl LentBuffer {
    /// `None` if there is no memory for a reference. The value's own memory is not to be shared: other
    /// threads would write to it while it is read.
    pub(crate) fn new(env: sys::napi_env, value: sys::napi_value) -> Option<Self> {
        let mut reference = ptr::null_mut();
        // SAFETY: a live environment and value of the running call, and a valid out pointer.
        let status = unsafe { sys::napi_create_reference(env, value, 1, &mut reference) };
        (status == sys::Status::napi_ok).then_some(Self { env, reference })
    }
}

impl Lent for LentBuffer {
    fn bytes(&self) -> &[u8] {
        let mut value = ptr::null_mut();
        // SAFETY: outboxes are written to on the JS thread, within a handle scope; the reference is
        // strong, so that the value is live.
        let status = unsafe { sys::napi_get_reference_value(self.env, self.reference, &mut value) };
        if status != sys::Status::napi_ok {
            return &[];
        }
        // A detached one has no bytes.
        let Ok(bytes) = Bytes::of(self.env, value) else {
            return &[];
        };
        // SAFETY: the slice lives no longer than the borrow of the outbox, of which no part is ever
        // borrowed while JavaScript runs: the memory stays as it is meanwhile, as no other thread has it.
        unsafe { bytes.slice() }
    }
}

impl Drop for LentBuffer {
    fn drop(&mut self) {
        // SAFETY: dropped on the JS thread, with the environment alive or in its finalizers, where
        // Node-API still deletes references; the reference is ours and deleted once.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
