//! Native memory that our JavaScript sees as an `ArrayBuffer`.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64};

use napi_sys as sys;

use super::bytes::Bytes;
use super::fault::{Fault, Outcome, check};
use super::lease::{has_memory, lend};
use super::values::{Value, Values};

/// Memory that both languages read and write, by turns.
///
/// It is never handed to a program. Should one get hold of it nevertheless (it may replace any
/// function that we call, or call ours), it can detach or overwrite it, and even move it to another
/// thread, which writes to it at any time. It is ours all the same and stays where it is; so numbers
/// in it are read and written as atomic ones, and bytes that Rust works on in place are looked at
/// only while no other thread can have them. Only an Electron that forbids external memory lends us
/// memory of its own, which is looked up each time.
#[derive(Debug)]
pub(crate) struct SharedMemory {
    len: usize,
    memory: Memory,
    buffer: Value,
}

#[derive(Debug)]
enum Memory {
    Native(Arc<Words>),
    Looked(*mut u8),
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
        let data = pointer(&words).cast();
        // SAFETY: a live environment; the memory is the owner's, and has as many bytes.
        let lent = unsafe {
            lend(values.env(), Arc::clone(&words), |finalize, hint, value| {
                sys::napi_create_external_arraybuffer(
                    values.env(),
                    data,
                    len,
                    finalize,
                    hint,
                    value,
                )
            })
        };
        match lent {
            Ok(value) => Self::of(values, len, Memory::Native(words), value),
            Err((sys::Status::napi_no_external_buffers_allowed, _)) => Self::looked_up(values, len),
            Err((status, _)) => Err(Fault::Status(status)),
        }
    }

    fn looked_up(values: &Values, len: usize) -> Outcome<(Self, sys::napi_value)> {
        let (mut value, mut data) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: live environment, valid out pointers.
        check(unsafe { sys::napi_create_arraybuffer(values.env(), len, &mut data, &mut value) })?;
        Self::of(values, len, Memory::Looked(data.cast()), value)
    }

    fn of(
        values: &Values,
        len: usize,
        memory: Memory,
        value: sys::napi_value,
    ) -> Outcome<(Self, sys::napi_value)> {
        let buffer = values.keep(value, None)?;
        let shared = Self {
            len,
            memory,
            buffer,
        };
        Ok((shared, value))
    }

    /// Where the memory is. The pointer is good until JavaScript runs again.
    fn pointer(&self, env: sys::napi_env) -> Outcome<*mut u8> {
        match &self.memory {
            Memory::Native(words) => Ok(pointer(words)),
            Memory::Looked(data) => {
                let (mut now, mut len) = (ptr::null_mut(), 0);
                // SAFETY: live environment, the value that was kept, valid out pointers.
                check(unsafe {
                    sys::napi_get_arraybuffer_info(env, self.buffer.get(env), &mut now, &mut len)
                })?;
                if now.cast() == *data && len == self.len {
                    Ok(*data)
                } else {
                    Err(Fault::Message(TAKEN_AWAY))
                }
            }
        }
    }

    /// Whether the memory is ours, and stays where it is.
    pub(crate) const fn is_native(&self) -> bool {
        matches!(self.memory, Memory::Native(_))
    }

    /// Where it is then.
    fn native(&self) -> *mut u8 {
        match &self.memory {
            Memory::Native(words) => pointer(words),
            Memory::Looked(_) => panic!("it is not ours"),
        }
    }

    /// The numbers of memory that is ours.
    #[inline]
    pub(crate) fn native_numbers(&self) -> &[AtomicU32] {
        // SAFETY: so many are there for as long as `self` lives, in words; who else reads or writes them in Rust does
        // so by this type.
        unsafe { std::slice::from_raw_parts(self.native().cast(), self.len / size_of::<u32>()) }
    }

    /// Bytes of memory that is ours, as far as they are within it.
    pub(crate) fn native_bytes(&self, at: usize, len: usize) -> Bytes {
        let at = at.min(self.len);
        // SAFETY: they are within the memory, which stays there.
        unsafe { Bytes::at(self.native().add(at), len.min(self.len - at)) }
    }

    /// The numbers.
    ///
    /// # Safety
    /// No JavaScript runs while they are used, and no slice of this memory of another type is.
    #[inline]
    pub(crate) unsafe fn numbers<'a>(&self, env: sys::napi_env) -> Outcome<&'a [AtomicU32]> {
        let data = self.pointer(env)?.cast();
        // SAFETY: `pointer` was valid for so many aligned numbers just now, the owners outlive the call, and the rest is
        // the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts(data, self.len / size_of::<u32>()) })
    }

    /// The first `len` bytes, if no other thread can have them.
    ///
    /// # Safety
    /// No JavaScript runs and no other slice of this memory lives while the slice does.
    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) unsafe fn slice<'a>(&self, env: sys::napi_env, len: usize) -> Outcome<&'a mut [u8]> {
        // It would have been detached before.
        if !has_memory(env, self.buffer.get(env)) {
            return Err(Fault::Message(TAKEN_AWAY));
        }
        let data = self.pointer(env)?;
        // SAFETY: `pointer` was valid for `self.len` initialised bytes just now, the owners outlive
        // the call, and the rest is the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts_mut(data, len.min(self.len)) })
    }
}

const TAKEN_AWAY: &str = "ws-rs: its own memory was taken away";
