//! Payloads assembled in memory that JavaScript owns, so that they are copied once.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use napi_sys as sys;
use ws_rs_protocol::{OutOfMemory, PayloadStore};

use crate::memory;

thread_local! {
    /// The environment whose callback is running: stores are made and grown within one only.
    static CURRENT: Cell<sys::napi_env> = const { Cell::new(ptr::null_mut()) };
}

/// Tells the stores of this thread in which environment they are made, for as long as it lives.
pub(crate) struct Scope {
    outer: sys::napi_env,
}

impl Scope {
    pub(crate) fn enter(env: sys::napi_env) -> Self {
        Self {
            outer: CURRENT.replace(env),
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        CURRENT.set(self.outer);
    }
}

/// A `Buffer` that nobody but us knows until [`value`](Self::value) is called, behind which nothing is written to it. Only
/// a debugger finds it before: it can do as much to all memory of the process.
#[derive(Debug)]
pub(crate) struct BufferStore {
    env: sys::napi_env,
    reference: sys::napi_ref,
    data: *mut u8,
    capacity: usize,
    len: usize,
}

impl BufferStore {
    /// How many bytes are filled; the `Buffer` may be longer.
    pub(crate) const fn filled(&self) -> usize {
        self.len
    }

    /// The `Buffer`, now JavaScript's.
    pub(crate) fn value(&self) -> sys::napi_value {
        let mut value = ptr::null_mut();
        // SAFETY: called on the JS thread with the environment that made the reference, which is
        // strong, so that the value is live. On failure the value stays null, JS `undefined`.
        unsafe { sys::napi_get_reference_value(self.env, self.reference, &mut value) };
        value
    }
}

impl Drop for BufferStore {
    fn drop(&mut self) {
        // SAFETY: dropped on the JS thread, with the environment alive or in its finalizers, where
        // Node-API still deletes references; the reference is ours and deleted once.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}

impl PayloadStore for BufferStore {
    fn with_capacity(capacity: usize) -> Result<Self, OutOfMemory> {
        if capacity >= memory::LARGE {
            memory::keep_large_blocks();
        }
        let env = CURRENT.get();
        assert!(!env.is_null(), "a store is made within a callback");
        let mut value = ptr::null_mut();
        let mut data: *mut c_void = ptr::null_mut();
        let mut reference = ptr::null_mut();
        // SAFETY: `env` is that of the running callback; the out pointers are valid. A pending
        // exception (the length is beyond what a Buffer can have) is cleared, and told as an error.
        unsafe {
            if sys::napi_create_buffer(env, capacity, &mut data, &mut value) != sys::Status::napi_ok
                || sys::napi_create_reference(env, value, 1, &mut reference) != sys::Status::napi_ok
            {
                let mut exception = ptr::null_mut();
                sys::napi_get_and_clear_last_exception(env, &mut exception);
                return Err(OutOfMemory);
            }
        }
        Ok(Self {
            env,
            reference,
            data: data.cast(),
            capacity,
            len: 0,
        })
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn grow(&mut self, capacity: usize) -> Result<(), OutOfMemory> {
        let mut larger = Self::with_capacity(capacity)?;
        larger.append(self.as_slice());
        *self = larger;
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) {
        assert!(
            bytes.len() <= self.capacity - self.len,
            "the caller has made room"
        );
        // SAFETY: the Buffer has `capacity` bytes, of which `len` are filled, and the assertion
        // leaves room for these; the reference keeps it alive and JavaScript does not know it yet.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), self.data.add(self.len), bytes.len());
        }
        self.len += bytes.len();
    }

    fn fill(&mut self, max: usize, read: &mut dyn FnMut(&mut [u8]) -> usize) -> usize {
        let max = max.min(self.capacity - self.len);
        if max == 0 {
            // Of nothing V8 may give no pointer.
            return 0;
        }
        // SAFETY: the Buffer has `capacity` bytes, which V8 allocated without a type of their own;
        // these lie behind those that are filled, and nobody else has the Buffer yet.
        let target = unsafe { std::slice::from_raw_parts_mut(self.data.add(self.len), max) };
        let filled = read(target).min(max);
        self.len += filled;
        filled
    }

    fn as_mut_slice(&mut self) -> &mut [u8] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: as in `as_slice`, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.len) }
    }

    fn as_slice(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the first `len` bytes are initialised by `append`, and live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}
