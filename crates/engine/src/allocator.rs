//! The system's allocator, which on request notes where a large block came to lie. Whoever links the
//! engine installs it: without it nothing is noted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

use crate::prefetch::prefetch;

/// Smaller blocks are not noted, so that the many small ones do not look whether anybody asks.
const LARGE: usize = 16 * 1024;

thread_local! {
    /// `None`: nobody asks. It needs no destructor, so that it can be used in the allocator.
    static LARGEST: Cell<Option<Block>> = const { Cell::new(None) };
}

/// Where a block lies, or lay: for hints only.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    address: usize,
    len: usize,
}

impl Block {
    const NONE: Self = Self { address: 0, len: 0 };

    /// Brings it into the cache.
    pub fn prefetch(self) {
        prefetch(ptr::without_provenance(self.address), self.len);
    }
}

/// What `make` returns, and the largest block that it took: an object of a library that does not say
/// where its memory is.
pub fn with_largest_block<T>(make: impl FnOnce() -> T) -> (T, Block) {
    LARGEST.set(Some(Block::NONE));
    let made = make();
    (made, LARGEST.take().unwrap_or(Block::NONE))
}

fn note(address: usize, len: usize) {
    if len >= LARGE
        && let Some(largest) = LARGEST.get()
        && len > largest.len
    {
        LARGEST.set(Some(Block { address, len }));
    }
}

/// To be a program's `#[global_allocator]`.
#[derive(Debug)]
pub struct Allocator;

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises, passed on; so below.
        let block = unsafe { System.alloc(layout) };
        note(block.addr(), layout.size());
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { System.alloc_zeroed(layout) };
        note(block.addr(), layout.size());
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { System.realloc(block, layout, len) }
    }
}
