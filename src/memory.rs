//! What the C library's allocator does with the memory of long messages.

/// Stores of this many bytes are for long messages.
pub(crate) const LARGE: usize = 256 * 1024;

/// Has glibc keep up to 64 MiB of freed memory, from the first long message on.
///
/// By default it gives the end of its heap back to the kernel as soon as 128 KiB (later, twice the
/// largest block) are free. A server of long messages frees many at each garbage collection, and
/// then takes a page fault for every 4 KiB of the next ones: measured with 1 MiB messages, that is
/// half of all its time. With 64 KiB most of the heap stays, and it is 6 %. Other allocators do not
/// listen, and a process whose environment says how it wants its memory (`MALLOC_TRIM_THRESHOLD_`,
/// `MALLOC_MMAP_THRESHOLD_`, `GLIBC_TUNABLES`) has its will.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn keep_large_blocks() {
    use std::sync::Once;

    /// What glibc itself comes to, at most, while it frees larger and larger blocks. Setting one of
    /// the two ends that adjustment: with less, blocks in between would be mapped anew each time.
    const MMAP_THRESHOLD: i32 = 32 * 1024 * 1024;
    const TRIM_THRESHOLD: i32 = 2 * MMAP_THRESHOLD;
    const OWN_WILL: [&str; 3] = [
        "MALLOC_TRIM_THRESHOLD_",
        "MALLOC_MMAP_THRESHOLD_",
        "GLIBC_TUNABLES",
    ];
    static ONCE: Once = Once::new();

    ONCE.call_once(|| {
        if OWN_WILL.iter().any(|name| std::env::var_os(name).is_some()) {
            return;
        }
        // SAFETY: `mallopt` may be called at any time and takes any value.
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, TRIM_THRESHOLD);
            libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD);
        }
    });
}

/// Nothing is known of other allocators.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) const fn keep_large_blocks() {}
