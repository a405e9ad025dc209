//! The bytes of a `Buffer`, for the time of a call.

use std::ptr;

use napi_sys as sys;

use super::fault::{Outcome, check};

/// The bytes of a `Buffer` or `Uint8Array` argument. They are JavaScript's: see [`Bytes::slice`].
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    data: *mut u8,
    pub(crate) len: usize,
}

impl Bytes {
    /// Those of a live value.
    pub(crate) fn of(env: sys::napi_env, value: sys::napi_value) -> Outcome<Self> {
        let mut data = ptr::null_mut();
        let mut len = 0;
        // SAFETY: a live environment and value, and valid out pointers.
        check(unsafe { sys::napi_get_buffer_info(env, value, &mut data, &mut len) })?;
        Ok(Self {
            data: data.cast(),
            len,
        })
    }

    #[cfg_attr(not(unix), expect(dead_code, reason = "only loop uses it"))]
    pub(crate) const fn pointer(self) -> *mut u8 {
        self.data
    }

    /// Copies them, whoever else may be writing to them (another thread to a SharedArrayBuffer): then
    /// the copy has some of the old bytes and some of the new.
    pub(crate) fn append_to(self, copy: &mut Vec<u8>) {
        if self.len == 0 {
            return;
        }
        copy.reserve(self.len);
        // SAFETY: Node-API gave pointer and length of a live view in this call, and no JavaScript of
        // this thread runs before it returns; there is room for as many bytes, which any are good for.
        unsafe {
            let end = copy.as_mut_ptr().add(copy.len());
            std::ptr::copy_nonoverlapping(self.data, end, self.len);
            copy.set_len(copy.len() + self.len);
        }
    }

    /// Writes to them from `at` on, if there is room.
    pub(crate) fn write(self, at: usize, bytes: &[u8]) -> bool {
        if at > self.len || self.len - at < bytes.len() {
            return false;
        }
        if !bytes.is_empty() {
            // SAFETY: as in `append_to`; `bytes` are native memory, not these.
            unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.data.add(at), bytes.len());
            }
        }
        true
    }

    /// The bytes, for the time of the call.
    ///
    /// # Safety
    /// No JavaScript of this thread runs and nothing else holds them mutably while the slice lives. Those of a
    /// SharedArrayBuffer another thread may change all the same: nothing that is done with the slice relies on
    /// a byte's staying what it was.
    pub(crate) unsafe fn slice<'b>(self) -> &'b [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: Node-API gave pointer and length of a live view; JavaScript owns the memory and
        // cannot move or free it before this call returns.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }

    /// The bytes, to be changed in place.
    ///
    /// # Safety
    /// As for [`slice`](Self::slice), and no other slice of them lives.
    pub(crate) unsafe fn slice_mut<'b>(self) -> &'b mut [u8] {
        if self.len == 0 {
            return &mut [];
        }
        // SAFETY: as in `slice`; uniqueness is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.data, self.len) }
    }
}
