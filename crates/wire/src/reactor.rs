//! Many sockets under one libuv handle.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::NonNull;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token};

use crate::uv::{self, Handle, Loop, READABLE, Uv};

/// Room for a `uv_poll_t`; `Uv` is not to be had where it is larger.
const POLL_WORDS: usize = uv::MAX_POLL_SIZE / 8;
/// Where there is no sign of urgent data, it comes with the other bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const INTEREST: Interest = Interest::READABLE.add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const INTEREST: Interest = Interest::READABLE;
/// The number of a descriptor that is not watched.
const NOBODY: u64 = u64::MAX;
/// Sockets that have their turn before timers and others of Node's loop.
const BATCH: usize = 512;

/// A socket that has something to read, or room to write.
#[derive(Debug, Clone, Copy)]
pub struct Ready {
    /// The number that it was registered with.
    pub id: u64,
    /// There is something to read, or an end or an error to be met by reading.
    pub readable: bool,
    /// There is room to write, or an error to be met by writing.
    pub writable: bool,
    /// To be read until nothing is left, as a short read does not show it: there is an end or an error
    /// behind the bytes, or urgent data between them.
    pub until_empty: bool,
}

/// Who is told.
pub trait Handler: Sized {
    /// These sockets have something to read, which is told once: until all of it was read or
    /// [`Reactor::rearm`] is called there is no word of them again.
    fn on_ready(&self, sockets: impl Iterator<Item = Ready>);

    /// The reactor is closed, and the handler is about to be dropped.
    fn on_closed(&self);
}

/// A selector on Node's loop. It lives from [`open`](Reactor::open) until libuv has closed its
/// handle, which is after [`close`](Reactor::close).
#[repr(C)]
pub struct Reactor<H> {
    /// A `uv_poll_t`, which libuv writes to; it links it into lists, so it must not move.
    storage: UnsafeCell<[u64; POLL_WORDS]>,
    uv: &'static Uv,
    selector: RefCell<mio::Poll>,
    /// Away while they are handed out.
    events: RefCell<Option<Events>>,
    /// The numbers that descriptors were registered with, by descriptor: a token has no room for
    /// them everywhere.
    ids: RefCell<Vec<u64>>,
    /// How many sockets keep the loop alive.
    references: Cell<usize>,
    closing: Cell<bool>,
    handler: H,
}

impl<H: Handler> Reactor<H> {
    /// Begins to watch, for now nothing.
    ///
    /// # Errors
    /// The system or libuv has no room for one more.
    ///
    /// # Safety
    /// `event_loop` is the loop of this thread, and it runs until the handle is closed.
    pub unsafe fn open(
        uv: &'static Uv,
        event_loop: *mut Loop,
        handler: H,
    ) -> io::Result<NonNull<Self>> {
        let reactor = Box::new(Self {
            storage: UnsafeCell::new([0; POLL_WORDS]),
            uv,
            selector: RefCell::new(mio::Poll::new()?),
            events: RefCell::new(Some(Events::with_capacity(BATCH))),
            ids: RefCell::default(),
            references: Cell::new(0),
            closing: Cell::new(false),
            handler,
        });
        let handle = reactor.handle();
        let fd = reactor.selector.borrow().as_raw_fd();
        // SAFETY: the storage is as large as libuv says and stays in place; the loop is the
        // caller's promise.
        if unsafe { (uv.poll_init)(event_loop, handle, fd) } != 0 {
            return Err(io::Error::other("libuv cannot watch the selector"));
        }
        let reactor = NonNull::from(Box::leak(reactor));
        // SAFETY: the handle is initialised, and `data` is ours.
        unsafe {
            (*handle).data = reactor.as_ptr().cast();
            (uv.poll_start)(handle, READABLE, on_poll::<H>);
            (uv.unreference)(handle);
        }
        Ok(reactor)
    }

    /// Watches one more descriptor.
    ///
    /// # Errors
    /// It cannot be watched, or is already.
    pub fn register(&self, fd: RawFd, id: u64) -> io::Result<()> {
        let index = usize::try_from(fd).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.selector
            .borrow()
            .registry()
            .register(&mut SourceFd(&fd), Token(index), INTEREST)?;
        let mut ids = self.ids.borrow_mut();
        if ids.len() <= index {
            ids.resize(index + 1, NOBODY);
        }
        ids[index] = id;
        Ok(())
    }

    /// Tells of a descriptor again if there is something to read or, if `writable`, as soon as there
    /// is room to write.
    pub fn rearm(&self, fd: RawFd, writable: bool) {
        let interest = if writable {
            INTEREST.add(Interest::WRITABLE)
        } else {
            INTEREST
        };
        // What fails here was never registered, or is closed: there is nothing to be told of it.
        let _ = self.selector.borrow().registry().reregister(
            &mut SourceFd(&fd),
            Token(fd as usize),
            interest,
        );
    }

    /// Watches a descriptor no more. To be called before it is closed.
    pub fn deregister(&self, fd: RawFd) {
        if let Some(id) = self.ids.borrow_mut().get_mut(fd as usize) {
            *id = NOBODY;
        }
        // As for `rearm`.
        let _ = self
            .selector
            .borrow()
            .registry()
            .deregister(&mut SourceFd(&fd));
    }

    /// One more socket, or one less, keeps the loop alive.
    pub fn keep_alive(&self, more: bool) {
        let before = self.references.get();
        let after = if more { before + 1 } else { before - 1 };
        self.references.set(after);
        let change = match (before, after) {
            (0, _) => self.uv.reference,
            (_, 0) => self.uv.unreference,
            _ => return,
        };
        // SAFETY: the handle is initialised; both calls are allowed at any time until it is freed.
        unsafe { change(self.handle()) };
    }

    pub const fn handler(&self) -> &H {
        &self.handler
    }

    /// Begins to close the handle; the reactor is freed some time after.
    pub fn close(&self) {
        if !self.closing.replace(true) {
            // SAFETY: the handle is initialised, and this is the only call; `on_close` frees what
            // `open` leaked.
            unsafe { (self.uv.close)(self.handle(), on_close::<H>) };
        }
    }

    const fn handle(&self) -> *mut Handle {
        self.storage.get().cast()
    }

    /// Whose descriptor it is, unless it was deregistered since the selector was asked.
    fn id_of(&self, index: usize) -> Option<u64> {
        let id = *self.ids.borrow().get(index)?;
        (id != NOBODY).then_some(id)
    }

    fn dispatch(&self) {
        // None: JavaScript has found a way to run the loop from within a callback.
        let Some(mut events) = self.events.take() else {
            return;
        };
        let polled = self
            .selector
            .borrow_mut()
            .poll(&mut events, Some(Duration::ZERO));
        // A signal came first: libuv sees the same sockets ready at once.
        if polled.is_ok() {
            self.handler.on_ready(events.iter().filter_map(|event| {
                Some(Ready {
                    id: self.id_of(event.token().0)?,
                    readable: event.is_readable() || event.is_priority() || event.is_error(),
                    writable: event.is_writable() || event.is_error(),
                    until_empty: event.is_read_closed() || event.is_error() || event.is_priority(),
                })
            }));
        }
        self.events.replace(Some(events));
    }
}

unsafe extern "C" fn on_poll<H: Handler>(handle: *mut Handle, _status: c_int, _events: c_int) {
    // SAFETY: `data` is what `open` stored, and it is freed only in `on_close`, behind which libuv
    // calls nothing more.
    let reactor = unsafe { &*(*handle).data.cast::<Reactor<H>>() };
    reactor.dispatch();
}

unsafe extern "C" fn on_close<H: Handler>(handle: *mut Handle) {
    // SAFETY: `data` is what `open` leaked, and libuv calls this once, last of all.
    let reactor = unsafe { Box::from_raw((*handle).data.cast::<Reactor<H>>()) };
    reactor.handler.on_closed();
}
