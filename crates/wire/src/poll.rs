//! A socket under a libuv handle of its own.

use std::cell::{Cell, UnsafeCell};
use std::ffi::c_int;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;

use crate::descriptor::duplicate;
use crate::uv::{self, DISCONNECT, Handle, Loop, READABLE, Uv, WRITABLE};

/// Room for a `uv_poll_t`; `Uv` is not to be had where it is larger.
const WORDS: usize = uv::MAX_POLL_SIZE / 8;

/// What libuv saw of a socket; neither: it failed, and is not watched any more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) fd: RawFd,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Behind what is to be read is the peer's end.
    pub(crate) ends: bool,
}

/// Who is told, as often as there is something to read, or room to write.
pub(crate) type Told = unsafe fn(owner: *const (), Seen);

/// A `uv_poll_t`. It lives from [`open`](Self::open) until libuv has closed it, which is after
/// [`close`](Self::close).
#[repr(C)]
pub(crate) struct Poll {
    /// libuv writes to it and links it into lists, so it must not move.
    storage: UnsafeCell<[u64; WORDS]>,
    uv: &'static Uv,
    /// The socket's descriptor, which is Node's.
    fd: RawFd,
    /// The same socket under a number of ours. libuv watches a number for one handle only, and ends
    /// the process if somebody closes it meanwhile.
    own: Cell<Option<OwnedFd>>,
    events: Cell<c_int>,
    owner: *const (),
    told: Told,
}

impl Poll {
    /// Begins to watch what can be read from `fd`. `None`: there is no room for one more.
    ///
    /// # Safety
    /// `event_loop` is the loop of this thread, and it runs until the handle is closed. `told` may be
    /// called with `owner` until `close` is.
    pub(crate) unsafe fn open(
        uv: &'static Uv,
        event_loop: *mut Loop,
        fd: RawFd,
        (owner, told): (*const (), Told),
    ) -> Option<NonNull<Self>> {
        let own = duplicate(fd).ok()?;
        let number = own.as_raw_fd();
        let poll = Box::new(Self {
            storage: UnsafeCell::new([0; WORDS]),
            uv,
            fd,
            own: Cell::new(Some(own)),
            events: Cell::new(0),
            owner,
            told,
        });
        // SAFETY: the storage is as large as libuv says and stays in place; the loop is the caller's
        // promise. If it fails libuv knows nothing of the handle.
        if unsafe { (uv.poll_init)(event_loop, poll.handle(), number) } != 0 {
            return None;
        }
        let poll = NonNull::from(Box::leak(poll));
        // SAFETY: the handle is initialised, and `data` is ours. It is not freed before it is closed.
        unsafe {
            let handle = poll.as_ref().handle();
            (*handle).data = poll.as_ptr().cast();
            (uv.unreference)(handle);
            poll.as_ref().set_writable(false);
        }
        Some(poll)
    }

    /// Tells of room to write as well, or no more.
    pub(crate) fn set_writable(&self, writable: bool) {
        let events = if writable {
            READABLE | DISCONNECT | WRITABLE
        } else {
            READABLE | DISCONNECT
        };
        if self.events.replace(events) != events {
            // SAFETY: the handle is initialised, and not closed as long as there is a reference.
            unsafe { (self.uv.poll_start)(self.handle(), events, on_poll) };
        }
    }

    /// Whether it tells of room to write.
    pub(crate) const fn is_writable(&self) -> bool {
        self.events.get() & WRITABLE != 0
    }

    pub(crate) const fn descriptor(&self) -> RawFd {
        self.fd
    }

    /// Watches no more, and frees it some time after.
    ///
    /// # Safety
    /// It was not closed before, and is not used any more.
    pub(crate) unsafe fn close(poll: NonNull<Self>) {
        // SAFETY: it is there until `on_close` frees it, which libuv calls later. Of the number libuv
        // knows nothing any more when this has returned.
        unsafe {
            let poll = poll.as_ref();
            (poll.uv.close)(poll.handle(), on_close);
            // Now, as the socket's end is the end of its last number.
            drop(poll.own.take());
        }
    }

    const fn handle(&self) -> *mut Handle {
        self.storage.get().cast()
    }
}

unsafe extern "C" fn on_poll(handle: *mut Handle, status: c_int, events: c_int) {
    // SAFETY: `data` is what `open` stored, and it is freed only in `on_close`, behind which libuv
    // calls nothing more. Who is told may close it, and even run the loop: it is not used behind that.
    unsafe {
        let poll = &*(*handle).data.cast::<Poll>();
        let seen = Seen {
            fd: poll.fd,
            readable: status == 0 && events & (READABLE | DISCONNECT) != 0,
            writable: status == 0 && events & WRITABLE != 0,
            ends: status == 0 && events & DISCONNECT != 0,
        };
        (poll.told)(poll.owner, seen);
    }
}

unsafe extern "C" fn on_close(handle: *mut Handle) {
    // SAFETY: `data` is what `open` leaked, and libuv calls this once, last of all.
    drop(unsafe { Box::from_raw((*handle).data.cast::<Poll>()) });
}
