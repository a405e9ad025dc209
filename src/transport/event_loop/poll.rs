//! A poll handle and what belongs to it.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::c_int;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::io::fcntl_dupfd_cloexec;

use crate::uv::{self, Handle, Loop, READABLE, Uv};

/// Room for a `uv_poll_t`, beside the rest so that an event touches less memory; `Uv` is not to be
/// had where it is larger.
const POLL_WORDS: usize = uv::MAX_POLL_SIZE / 8;

/// Who is told.
pub(crate) trait Listener: Sized {
    /// The socket has something to read, an end or an error included.
    fn on_readable(&self, poll: &Poll<Self>);

    /// The handle is closed, and the listener is about to be dropped.
    fn on_closed(&self);
}

/// A watched descriptor. It lives from [`open`](Poll::open) until libuv has closed the handle,
/// which is after [`close`](Poll::close).
// In this order and so aligned, an event touches the fewest cache lines.
#[repr(C, align(64))]
pub(crate) struct Poll<L> {
    /// A `uv_poll_t`, which libuv writes to; it links it into lists, so it must not move.
    storage: UnsafeCell<[u64; POLL_WORDS]>,
    fd: RefCell<Option<OwnedFd>>,
    pub(crate) listener: L,
    active: Cell<bool>,
    uv: &'static Uv,
}

impl<L: Listener> Poll<L> {
    /// Duplicates `fd` and begins to watch it. Where that fails, as when no descriptor is left, the
    /// listener is given back.
    ///
    /// # Safety
    /// `fd` is open, `event_loop` is the loop of this thread, and it runs until the handle is
    /// closed.
    pub(crate) unsafe fn open(
        uv: &'static Uv,
        event_loop: *mut Loop,
        fd: c_int,
        listener: L,
    ) -> Result<NonNull<Self>, L> {
        // SAFETY: the caller says that it is open.
        let Ok(fd) = fcntl_dupfd_cloexec(unsafe { BorrowedFd::borrow_raw(fd) }, 0) else {
            return Err(listener);
        };
        let raw = fd.as_raw_fd();
        let poll = Box::new(Self {
            storage: UnsafeCell::new([0; POLL_WORDS]),
            fd: RefCell::new(Some(fd)),
            listener,
            active: Cell::new(false),
            uv,
        });
        let handle = poll.handle();
        // SAFETY: the storage is as large as libuv says and stays in place; the loop is the
        // caller's promise.
        let status = unsafe { (uv.poll_init)(event_loop, handle, raw) };
        if status != 0 {
            return Err(poll.listener);
        }
        let poll = NonNull::from(Box::leak(poll));
        // SAFETY: the handle is initialised, and `data` is ours.
        unsafe {
            (*handle).data = poll.as_ptr().cast();
            poll.as_ref().start();
        }
        Ok(poll)
    }

    /// Goes on watching.
    pub(crate) fn start(&self) {
        if self.active.get() || self.fd.borrow().is_none() {
            return;
        }
        self.active.set(true);
        // SAFETY: the handle is initialised and not closing, as its descriptor is still there.
        unsafe { (self.uv.poll_start)(self.handle(), READABLE, on_poll::<L>) };
    }

    /// Watches no more, for now. The handle does not keep the loop alive meanwhile.
    pub(crate) fn stop(&self) {
        if self.active.replace(false) {
            // SAFETY: the handle is initialised and not closing, as it is active.
            unsafe { (self.uv.poll_stop)(self.handle()) };
        }
    }

    /// Whether the handle keeps the loop alive.
    pub(crate) fn set_referenced(&self, referenced: bool) {
        let change = if referenced {
            self.uv.reference
        } else {
            self.uv.unreference
        };
        // SAFETY: the handle is initialised; both calls are allowed at any time until it is freed.
        unsafe { change(self.handle()) };
    }

    /// Closes the descriptor, so that the kernel can send FIN or RST, and begins to close the
    /// handle.
    pub(crate) fn close(&self) {
        let Some(fd) = self.fd.borrow_mut().take() else {
            return;
        };
        self.stop();
        drop(fd);
        // SAFETY: the handle is initialised, and the descriptor was taken once, so this is the only
        // call; `on_close` frees what `open` leaked.
        unsafe { (self.uv.close)(self.handle(), on_close::<L>) };
    }

    /// Whether [`close`](Self::close) was called.
    pub(crate) fn is_closed(&self) -> bool {
        self.fd.borrow().is_none()
    }

    /// Runs `body` with the descriptor; `None` once it is closed.
    pub(crate) fn with_fd<T>(&self, body: impl FnOnce(BorrowedFd<'_>) -> T) -> Option<T> {
        use std::os::fd::AsFd;
        self.fd.borrow().as_ref().map(|fd| body(fd.as_fd()))
    }

    const fn handle(&self) -> *mut Handle {
        self.storage.get().cast()
    }
}

unsafe extern "C" fn on_poll<L: Listener>(handle: *mut Handle, status: c_int, _events: c_int) {
    // SAFETY: `data` is what `open` stored, and it is freed only in `on_close`, behind which libuv
    // calls nothing more.
    let poll = unsafe { &*(*handle).data.cast::<Poll<L>>() };
    if status != 0 {
        // libuv has stopped the handle: what is wrong shows when the descriptor is read.
        poll.active.set(false);
    }
    poll.listener.on_readable(poll);
    if status != 0 {
        poll.start();
    }
}

unsafe extern "C" fn on_close<L: Listener>(handle: *mut Handle) {
    // SAFETY: `data` is what `open` leaked, and libuv calls this once, last of all.
    let poll = unsafe { Box::from_raw((*handle).data.cast::<Poll<L>>()) };
    poll.listener.on_closed();
}
