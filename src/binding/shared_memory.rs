//! Native memory that our JavaScript sees as an `ArrayBuffer`.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use napi_sys as sys;

use super::fault::{Fault, Outcome, check};
use super::values::{Value, Values};

/// Memory that both languages read and write, by turns.
///
/// It is never handed to a program. Should one get hold of it nevertheless (it may replace any
/// function that we call), it can detach or overwrite it; the memory is ours all the same and
/// stays where it is. Only an Electron that forbids external memory lends us memory of its own,
/// which is looked up each time.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    len: usize,
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    Native(Arc<Words>),
    Looked { buffer: Value, data: *mut u8 },
}

/// In words, so that numbers of 32 bits can be laid over them.
type Words = Box<[AtomicU64]>;

/// The memory itself; atomics may be written to through a shared reference.
const fn pointer(words: &Words) -> *mut u8 {
    words.as_ptr().cast_mut().cast()
}

impl SharedMemory {
    /// `len` zeros, and their `ArrayBuffer`.
    pub(crate) fn create(values: &Values, len: usize) -> Outcome<(Self, sys::napi_value)> {
        let words: Words = (0..len.div_ceil(8)).map(|_| AtomicU64::new(0)).collect();
        let words = Arc::new(words);
        let mut value = ptr::null_mut();
        // One owner more: V8, until the finalizer.
        let hint = Arc::into_raw(Arc::clone(&words)).cast_mut().cast();
        // SAFETY: live environment and valid out pointer; the memory lives until `release`, which
        // Node calls once. If the call fails it does not.
        let status = unsafe {
            sys::napi_create_external_arraybuffer(
                values.env(),
                pointer(&words).cast(),
                len,
                Some(release),
                hint,
                &mut value,
            )
        };
        if status == sys::Status::napi_ok {
            let memory = Memory::Native(words);
            return Ok((Self { len, memory }, value));
        }
        // SAFETY: made above, for a finalizer that will not be called.
        drop(unsafe { Arc::from_raw(hint.cast::<Words>()) });
        if status != sys::Status::napi_no_external_buffers_allowed {
            return Err(Fault::Status(status));
        }
        Self::looked_up(values, len)
    }

    fn looked_up(values: &Values, len: usize) -> Outcome<(Self, sys::napi_value)> {
        let (mut value, mut data) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: live environment, valid out pointers.
        check(unsafe { sys::napi_create_arraybuffer(values.env(), len, &mut data, &mut value) })?;
        let buffer = values.keep(value, None)?;
        let data = data.cast();
        let memory = Memory::Looked { buffer, data };
        Ok((Self { len, memory }, value))
    }

    /// Where the memory is. The pointer is good until JavaScript runs again.
    pub(crate) fn pointer(&self, env: sys::napi_env) -> Outcome<*mut u8> {
        match &self.memory {
            Memory::Native(words) => Ok(pointer(words)),
            Memory::Looked { buffer, data } => {
                let (mut now, mut len) = (ptr::null_mut(), 0);
                // SAFETY: live environment, the value that was kept, valid out pointers.
                check(unsafe {
                    sys::napi_get_arraybuffer_info(env, buffer.get(env), &mut now, &mut len)
                })?;
                if now.cast() == *data && len == self.len {
                    Ok(*data)
                } else {
                    Err(Fault::Message("ws-rs: its own memory was taken away"))
                }
            }
        }
    }

    /// Whether the memory is ours, and stays where it is.
    pub(crate) const fn is_native(&self) -> bool {
        matches!(self.memory, Memory::Native(_))
    }

    /// Where it is then.
    pub(crate) fn native(&self) -> *mut u8 {
        match &self.memory {
            Memory::Native(words) => pointer(words),
            Memory::Looked { .. } => panic!("it is not ours"),
        }
    }

    /// The first `len` bytes.
    ///
    /// # Safety
    /// No JavaScript runs and no other slice of this memory lives while the slice does.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) unsafe fn slice<'a>(&self, env: sys::napi_env, len: usize) -> Outcome<&'a mut [u8]> {
        let data = self.pointer(env)?;
        // SAFETY: `pointer` was valid for `self.len` initialised bytes just now, the owners outlive
        // the call, and the rest is the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, len.min(self.len)) })
    }
}

/// V8 gives its share back.
unsafe extern "C" fn release(_env: sys::napi_env, _data: *mut c_void, hint: *mut c_void) {
    // SAFETY: `create` made it of an `Arc`, and this is the only call.
    drop(unsafe { Arc::from_raw(hint.cast::<Words>()) });
}
