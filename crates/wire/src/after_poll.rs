//! The moments at which libuv tells of what it did at once: behind the timers, and behind what it has polled for.

mod rounds;

pub(crate) use self::rounds::Rounds;

use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;

use crate::uv::{self, Handle, Loop, Uv};

/// Room for a `uv_idle_t` or `uv_check_t`; `Uv` is not to be had where they are larger.
const WORDS: usize = uv::MAX_IDLE_SIZE / 8;

/// Who is told.
pub(crate) type Told = unsafe fn(owner: *const ());

/// A `uv_idle_t` and a `uv_check_t`. They live from [`open`](Self::open) until libuv has closed both, which is after
/// [`close`](Self::close). While the first is started libuv does not wait when it polls: who asks in one of the moments
/// is told in the next one, at once.
#[repr(C)]
pub(crate) struct AfterPoll {
    /// libuv writes to them and links them into lists, so they must not move.
    idle: UnsafeCell<[u64; WORDS]>,
    check: UnsafeCell<[u64; WORDS]>,
    uv: &'static Uv,
    is_started: Cell<bool>,
    /// How many libuv has not closed yet.
    open: Cell<u8>,
    owner: *const (),
    told: Told,
}

impl AfterPoll {
    /// Handles that are not started yet.
    ///
    /// # Safety
    /// `event_loop` is the loop of this thread, and it runs until the handles are closed. `told` may be called with
    /// `owner` until `close` is.
    pub(crate) unsafe fn open(
        uv: &'static Uv,
        event_loop: *mut Loop,
        (owner, told): (*const (), Told),
    ) -> NonNull<Self> {
        let handles = NonNull::from(Box::leak(Box::new(Self {
            idle: UnsafeCell::new([0; WORDS]),
            check: UnsafeCell::new([0; WORDS]),
            uv,
            is_started: Cell::new(false),
            open: Cell::new(2),
            owner,
            told,
        })));
        // SAFETY: the storage is as large as libuv says and stays in place; the loop is the caller's promise. Such
        // handles' initialisation cannot fail. `data` is ours.
        unsafe {
            let this = handles.as_ref();
            (uv.idle_init)(event_loop, this.idle());
            (uv.check_init)(event_loop, this.check());
            for handle in [this.idle(), this.check()] {
                (*handle).data = handles.as_ptr().cast();
            }
        }
        handles
    }

    /// Has the owner told at the next of these moments, once. That keeps the loop alive, as what it is about does.
    pub(crate) fn start(&self) {
        if !self.is_started.replace(true) {
            // SAFETY: the handles are initialised, and not closed as long as there is a reference.
            unsafe {
                (self.uv.idle_start)(self.idle(), on_moment);
                // What is started last has its turn first: before `setImmediate()`.
                (self.uv.check_start)(self.check(), on_moment);
            }
        }
    }

    fn stop(&self) {
        self.is_started.set(false);
        // SAFETY: as above.
        unsafe {
            (self.uv.idle_stop)(self.idle());
            (self.uv.check_stop)(self.check());
        }
    }

    /// Tells nobody any more, and frees them some time after.
    ///
    /// # Safety
    /// They were not closed before, and are not used any more.
    pub(crate) unsafe fn close(handles: NonNull<Self>) {
        // SAFETY: they are there until `on_close` frees them, which libuv calls later.
        unsafe {
            let this = handles.as_ref();
            (this.uv.close)(this.idle(), on_close);
            (this.uv.close)(this.check(), on_close);
        }
    }

    const fn idle(&self) -> *mut Handle {
        self.idle.get().cast()
    }

    const fn check(&self) -> *mut Handle {
        self.check.get().cast()
    }
}

unsafe extern "C" fn on_moment(handle: *mut Handle) {
    // SAFETY: `data` is what `open` stored, and it is freed only in `on_close`, behind which libuv calls nothing
    // more. Who is told may close them: they are not used behind that.
    unsafe {
        let this = &*(*handle).data.cast::<AfterPoll>();
        this.stop();
        (this.told)(this.owner);
    }
}

unsafe extern "C" fn on_close(handle: *mut Handle) {
    // SAFETY: `data` is what `open` leaked, and libuv calls this once for each of the two handles. With the
    // last one it is freed.
    unsafe {
        let this = (*handle).data.cast::<AfterPoll>();
        let left = (*this).open.get() - 1;
        (*this).open.set(left);
        if left == 0 {
            drop(Box::from_raw(this));
        }
    }
}
