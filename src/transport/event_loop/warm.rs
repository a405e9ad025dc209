//! Bringing memory into the processor's cache before the kernel writes to it.

/// As many bytes as are worth being read at once: they stay in the cache from when they are fetched
/// until they are unmasked, where a core has 1 MiB of its own.
pub(crate) const MAX_WARM: usize = 512 * 1024;

/// Has the processor fetch `room`, which is about to be written.
///
/// Long messages go to memory that tens of megabytes of others have pushed out of the cache since
/// it was last used: V8 says when it is free again. The kernel copies with `rep movsb`, which waits
/// for the lines one after the other; many at once take less than half of that. This was measured
/// on x86-64, and other processors are left to themselves.
#[cfg(target_arch = "x86_64")]
pub(crate) fn warm(room: &[u8]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

    /// That of every x86-64 processor.
    const CACHE_LINE: usize = 64;

    for line in room.chunks(CACHE_LINE) {
        // SAFETY: a hint. It reads nothing that a program could see and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
}

/// See above.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) const fn warm(_room: &[u8]) {}
