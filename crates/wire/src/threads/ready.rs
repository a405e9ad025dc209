//! The sockets that an event loop is to look at, and what wakes it.

use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

use super::line::Line;
use super::mailbox::Mailbox;
use crate::uv::{self, Handle, Loop, Uv};

/// Room for a `uv_async_t`; `Uv` is not to be had where it is larger.
const WORDS: usize = uv::MAX_ASYNC_SIZE / 8;

/// What I/O threads have for the event loop.
#[derive(Debug)]
pub(super) struct Ready {
    lines: Mailbox<Arc<Line>>,
    /// `None` once the event loop listens no more.
    bell: Mutex<Option<Rope>>,
}

/// The bell, for any thread to ring.
#[derive(Debug, Clone, Copy)]
struct Rope(NonNull<Bell>);

// SAFETY: `uv_async_send` is for any thread. It is called only while the rope is in its `Ready`, under
// the lock, and it is taken out before the handle is closed.
unsafe impl Send for Rope {}

impl Ready {
    pub(super) fn new() -> Self {
        Self {
            lines: Mailbox::new(),
            bell: Mutex::new(None),
        }
    }

    /// Adds a socket; returns whether the loop is to be woken.
    #[must_use]
    pub(super) fn post(&self, line: Arc<Line>) -> bool {
        self.lines.post(line)
    }

    /// Takes all there are, on the loop's thread. It is woken for those that come then.
    pub(super) fn take(&self, lines: &mut Vec<Arc<Line>>) {
        self.lines.take_and_sleep(lines);
    }

    /// Wakes the event loop.
    pub(super) fn ring(&self) {
        let bell = self.bell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Rope(bell)) = *bell {
            // SAFETY: it is not closed as long as it is here.
            unsafe { bell.as_ref().ring() };
        }
    }

    /// Who is rung from now on.
    pub(super) fn set_bell(&self, bell: Option<NonNull<Bell>>) {
        *self.bell.lock().unwrap_or_else(PoisonError::into_inner) = bell.map(Rope);
    }
}

/// A `uv_async_t`. It lives from [`open`](Self::open) until libuv has closed it, which is after
/// [`close`](Self::close).
#[repr(C)]
pub(super) struct Bell {
    /// libuv writes to it and links it into lists, so it must not move.
    storage: UnsafeCell<[u64; WORDS]>,
    uv: &'static Uv,
    owner: *const (),
    told: unsafe fn(owner: *const ()),
}

impl Bell {
    /// Begins to listen. It does not keep the loop alive. `None`: libuv has no room for one more.
    ///
    /// # Safety
    /// `event_loop` is the loop of this thread, and it runs until the handle is closed. `told` may be
    /// called with `owner` until `close` is.
    pub(super) unsafe fn open(
        uv: &'static Uv,
        event_loop: *mut Loop,
        (owner, told): (*const (), unsafe fn(*const ())),
    ) -> Option<NonNull<Self>> {
        let bell = Box::new(Self {
            storage: UnsafeCell::new([0; WORDS]),
            uv,
            owner,
            told,
        });
        // SAFETY: the storage is as large as libuv says and stays in place; the loop is the caller's
        // promise. If it fails libuv knows nothing of the handle.
        if unsafe { (uv.async_init)(event_loop, bell.handle(), on_ring) } != 0 {
            return None;
        }
        let bell = NonNull::from(Box::leak(bell));
        // SAFETY: the handle is initialised, and `data` is ours.
        unsafe {
            let handle = bell.as_ref().handle();
            (*handle).data = bell.as_ptr().cast();
            (uv.unreference)(handle);
        }
        Some(bell)
    }

    /// Has the owner told, on the loop's thread.
    ///
    /// # Safety
    /// It is not closed.
    unsafe fn ring(&self) {
        // SAFETY: the caller's promise; libuv allows it on any thread.
        unsafe { (self.uv.async_send)(self.handle()) };
    }

    /// Listens no more, and frees it some time after.
    ///
    /// # Safety
    /// It was not closed before, nobody can ring it any more, and it is the loop's thread.
    pub(super) unsafe fn close(bell: NonNull<Self>) {
        // SAFETY: it is there until `on_close` frees it, which libuv calls later.
        unsafe {
            let bell = bell.as_ref();
            (bell.uv.close)(bell.handle(), on_close);
        }
    }

    const fn handle(&self) -> *mut Handle {
        self.storage.get().cast()
    }
}

unsafe extern "C" fn on_ring(handle: *mut Handle) {
    // SAFETY: `data` is what `open` stored, and it is freed only in `on_close`, behind which libuv
    // calls nothing more. Who is told may close it: it is not used behind that.
    unsafe {
        let bell = &*(*handle).data.cast::<Bell>();
        (bell.told)(bell.owner);
    }
}

unsafe extern "C" fn on_close(handle: *mut Handle) {
    // SAFETY: `data` is what `open` leaked, and libuv calls this once, last of all.
    drop(unsafe { Box::from_raw((*handle).data.cast::<Bell>()) });
}
