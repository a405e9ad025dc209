//! The bytes of a `Buffer`, for the time of a call.

use std::borrow::Cow;
use std::ptr;
use std::sync::atomic::AtomicU32;

use napi_sys as sys;

use super::fault::{Outcome, check};

/// The bytes of a `Buffer` or `Uint8Array` argument. They are JavaScript's, and those of a
/// SharedArrayBuffer may change at any time, as other threads write to it: what may be one is copied
/// by its pointer, once, and no slice is made of it.
///
/// A program can have Node's threads write to any other memory as well, while we read it (`fs.read()` into what is being
/// sent). Nobody can see that. What is read then is a mixture of old and new bytes, as with ws; no length, index or type
/// is believed because of bytes that were looked at before.
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

    /// Those of a live `Uint8Array` whose memory no other thread can write to, if it is one.
    pub(crate) fn own(env: sys::napi_env, value: sys::napi_value) -> Outcome<Option<Self>> {
        let (mut kind, mut len, mut is_own) = (0, 0, false);
        let (mut data, mut memory) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live environment and value; the out pointers are valid, or null for what is not asked for.
        unsafe {
            check(sys::napi_get_typedarray_info(
                env,
                value,
                &mut kind,
                &mut len,
                &mut data,
                &mut memory,
                ptr::null_mut(),
            ))?;
            check(sys::napi_is_arraybuffer(env, memory, &mut is_own))?;
        }
        let is_bytes = kind == sys::TypedarrayType::uint8_array;
        Ok((is_own && is_bytes).then_some(Self {
            data: data.cast(),
            len,
        }))
    }

    /// Those of native memory.
    ///
    /// # Safety
    /// They are there for as long as they are used.
    pub(crate) const unsafe fn at(data: *mut u8, len: usize) -> Self {
        Self { data, len }
    }

    /// Whether any of them are within numbers of ours.
    pub(crate) fn overlap(self, numbers: &[AtomicU32]) -> bool {
        let range = numbers.as_ptr_range();
        let start = self.data.addr();
        start < range.end.addr() && range.start.addr() < start.saturating_add(self.len)
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
            ptr::copy_nonoverlapping(self.data, end, self.len);
            copy.set_len(copy.len() + self.len);
        }
    }

    /// A copy of them, as of `append_to`.
    pub(crate) fn copied(self) -> Vec<u8> {
        let mut copy = Vec::new();
        self.append_to(&mut copy);
        copy
    }

    /// A copy of `N` of them, from `at` on, if there are as many; as `append_to`.
    pub(crate) fn chunk<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        if at > self.len || self.len - at < N {
            return None;
        }
        let mut copy = [0; N];
        // SAFETY: as in `append_to`; as many bytes are there.
        unsafe { ptr::copy_nonoverlapping(self.data.add(at), copy.as_mut_ptr(), N) };
        Some(copy)
    }

    /// Moves the first bytes of `source`, as many as there is room for, to the beginning of these, which may
    /// be the same, and has `change` work on them, piece by piece, each with its offset.
    pub(crate) fn fill_with(self, source: Self, mut change: impl FnMut(&mut [u8], usize)) {
        const PIECE: usize = 4096;
        let len = self.len.min(source.len);
        if len == 0 {
            return;
        }
        // SAFETY: as in `append_to`, of both; they may overlap.
        unsafe { ptr::copy(source.data, self.data, len) };
        let mut piece = [0; PIECE];
        for at in (0..len).step_by(PIECE) {
            let piece = &mut piece[..PIECE.min(len - at)];
            // SAFETY: as in `append_to`; `piece` is native memory, not these, and they have as many from
            // there on.
            unsafe {
                ptr::copy_nonoverlapping(self.data.add(at), piece.as_mut_ptr(), piece.len());
            }
            change(piece, at);
            self.write(at, piece);
        }
    }

    /// The bytes, for the time of the call; of shared memory, a copy.
    ///
    /// # Safety
    /// `value` is the live value that these are of; no JavaScript of this thread runs and nothing else
    /// holds them mutably while they are used.
    pub(crate) unsafe fn steady<'b>(
        self,
        env: sys::napi_env,
        value: sys::napi_value,
    ) -> Cow<'b, [u8]> {
        if is_shared(env, value) {
            return Cow::Owned(self.copied());
        }
        // SAFETY: the caller's promise, and it is not shared.
        Cow::Borrowed(unsafe { self.slice() })
    }

    /// Writes to them from `at` on, if there is room.
    pub(crate) fn write(self, at: usize, bytes: &[u8]) -> bool {
        if at > self.len || self.len - at < bytes.len() {
            return false;
        }
        if !bytes.is_empty() {
            // SAFETY: as in `append_to`; `bytes` are native memory, not these.
            unsafe {
                ptr::copy_nonoverlapping(bytes.as_ptr(), self.data.add(at), bytes.len());
            }
        }
        true
    }

    /// The bytes, for the time of the call.
    ///
    /// # Safety
    /// No JavaScript of this thread runs and nothing else holds them mutably while the slice lives, and they are
    /// not those of a SharedArrayBuffer, which another thread may write to.
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

/// The memory of a typed array, if it is one.
pub(crate) fn memory_of(env: sys::napi_env, value: sys::napi_value) -> Option<sys::napi_value> {
    let mut memory = ptr::null_mut();
    // SAFETY: a live environment and value; the out pointers are valid, or null for what is not asked for.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &mut memory,
            ptr::null_mut(),
        )
    };
    (status == sys::Status::napi_ok).then_some(memory)
}

/// Whether other threads may write to the memory of a `Buffer` or `Uint8Array`. It stays so.
pub(crate) fn is_shared(env: sys::napi_env, value: sys::napi_value) -> bool {
    let mut is_own = false;
    memory_of(env, value).is_none_or(|memory| {
        // SAFETY: a live environment and value, and a valid out pointer.
        let status = unsafe { sys::napi_is_arraybuffer(env, memory, &mut is_own) };
        status != sys::Status::napi_ok || !is_own
    })
}
