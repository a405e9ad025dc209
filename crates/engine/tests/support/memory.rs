//! An allocator that refuses memory where the engine can say so.

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

use ws_rs_engine::allocator::Allocator;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Gives,
    RefusesNext,
    HasRefused,
}

thread_local! {
    static STATE: Cell<State> = const { Cell::new(State::Gives) };
}

#[global_allocator]
static ALLOCATOR: Refusing = Refusing(Allocator);

struct Refusing(Allocator);

/// Does some work in which the next request for bytes is refused: only for work that asks in a way
/// that can fail, as any other ends the process.
///
/// # Returns
/// What the work gave, and whether something was refused.
pub fn refusing<T>(work: impl FnOnce() -> T) -> (T, bool) {
    refuse_next();
    let result = work();
    (result, was_refused())
}

/// Has the next request for bytes refused, if it comes before [`was_refused`] is asked.
pub fn refuse_next() {
    STATE.set(State::RefusesNext);
}

/// Whether something was refused since the last question.
pub fn was_refused() -> bool {
    STATE.replace(State::Gives) == State::HasRefused
}

/// The engine's requests for bytes are told from others by their alignment.
fn is_refused(layout: Layout) -> bool {
    let is_refused = layout.align() == 1 && STATE.get() == State::RefusesNext;
    if is_refused {
        STATE.set(State::HasRefused);
    }
    is_refused
}

// SAFETY: the engine's allocator does it all, or there is no memory.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout) {
            return ptr::null_mut();
        }
        // SAFETY: the caller's promises, passed on; so below.
        unsafe { self.0.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_refused(layout) {
            return ptr::null_mut();
        }
        // SAFETY: as in `alloc`.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as in `alloc`.
        unsafe { self.0.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, len: usize) -> *mut u8 {
        if is_refused(layout) {
            return ptr::null_mut();
        }
        // SAFETY: as in `alloc`.
        unsafe { self.0.realloc(block, layout, len) }
    }
}
