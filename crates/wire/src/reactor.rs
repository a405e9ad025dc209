//! Many sockets under one libuv handle.

mod churn;
mod dispatch;
mod few;
mod handler;
mod listening;
mod order;

pub use self::handler::Handler;

use std::cell::{Cell, OnceCell, RefCell, UnsafeCell};
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use mio::unix::SourceFd;
use mio::{Events, Interest, Token, Waker};

use self::churn::Churn;
use self::order::Order;
use crate::after_poll::{AfterPoll, Rounds};
use crate::closing::call_when_closed;
use crate::poll::Poll;
use crate::socket::Socket;
use crate::threads::{Move, Pool, Threaded};
use crate::uv::{self, Handle, Loop, READABLE, Uv};

/// Room for a `uv_poll_t`; `Uv` is not to be had where it is larger.
const POLL_WORDS: usize = uv::MAX_POLL_SIZE / 8;
/// Systems without a sign of urgent data give it among the other bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
const INTEREST: Interest = Interest::READABLE.add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const INTEREST: Interest = Interest::READABLE;
/// What the selector is woken with for sockets of which it has nothing new to tell.
const AGAIN: Token = Token(usize::MAX);
/// The number of a descriptor that is not watched.
const NOBODY: u64 = u64::MAX;
/// The number of a descriptor that listens, which no connection has.
const LISTENS: u64 = u64::MAX - 1;
/// Sockets that have their turn before timers and others of Node's loop.
const BATCH: usize = 512;

/// A selector on Node's loop. It lives from [`open`](Reactor::open) until libuv has closed its
/// handle, which is after [`close`](Reactor::close).
#[repr(C)]
pub struct Reactor<H> {
    /// A `uv_poll_t`, which libuv writes to; it links it into lists, so it must not move.
    storage: UnsafeCell<[u64; POLL_WORDS]>,
    uv: &'static Uv,
    event_loop: *mut Loop,
    selector: RefCell<mio::Poll>,
    /// Taken out while they are handed out.
    events: RefCell<Option<Events>>,
    /// The numbers that descriptors were registered with, by descriptor: a token has no room for
    /// them everywhere.
    ids: RefCell<Vec<u64>>,
    /// How many descriptors are watched.
    watched: Cell<usize>,
    /// Sockets that libuv watches itself.
    few: RefCell<Vec<NonNull<Poll>>>,
    /// Whether both ends of connections that are opened now are in this process.
    expects_pairs: Cell<bool>,
    /// How often sockets come that libuv would watch itself.
    churn: Churn,
    /// Sockets that are to have a turn though the kernel has nothing new to tell, and, from the first of them on, what
    /// wakes the selector for them.
    again: RefCell<Vec<u64>>,
    waker: OnceCell<Waker>,
    /// Who had the last turns.
    order: RefCell<Order>,
    /// What tells of the moments behind timers and polling, once somebody has waited for one.
    after_poll: Cell<Option<NonNull<AfterPoll>>>,
    awaiting_poll: Rounds,
    /// How many sockets keep the loop alive.
    references: Cell<usize>,
    /// The threads that move bytes of sockets, from the first such socket on.
    pool: RefCell<Option<Rc<Pool>>>,
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
            event_loop,
            selector: RefCell::new(mio::Poll::new()?),
            events: RefCell::new(Some(Events::with_capacity(BATCH))),
            ids: RefCell::default(),
            watched: Cell::new(0),
            few: RefCell::default(),
            expects_pairs: Cell::new(false),
            churn: Churn::default(),
            again: RefCell::default(),
            waker: OnceCell::new(),
            order: RefCell::default(),
            after_poll: Cell::new(None),
            awaiting_poll: Rounds::default(),
            references: Cell::new(0),
            pool: RefCell::default(),
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
        self.set_id(index, id);
        self.watched.set(self.watched.get() + 1);
        self.watch_many();
        Ok(())
    }

    /// Whose descriptor it is from now on.
    fn set_id(&self, index: usize, id: u64) {
        let mut ids = self.ids.borrow_mut();
        if ids.len() <= index {
            ids.resize(index + 1, NOBODY);
        }
        ids[index] = id;
    }

    /// As [`register`](Self::register), for a socket whose bytes are read whenever some come.
    ///
    /// # Errors
    /// As there.
    pub fn register_reader(&self, fd: RawFd, id: u64) -> io::Result<()> {
        if self.watch_one_more(fd, id) {
            return Ok(());
        }
        self.register(fd, id)
    }

    /// Has an I/O thread read and write a socket, and tells of it as of others. It is watched here no more.
    ///
    /// # Errors
    /// There is no room for a thread or descriptor: the socket comes back.
    pub fn move_to_thread(&self, socket: Socket, how: Move) -> Result<Threaded, Socket> {
        let Ok(pool) = self.pool() else {
            return Err(socket);
        };
        let threaded = pool.add(socket, how)?;
        let fd = threaded.descriptor();
        if self.id_of(fd as usize).is_some() {
            self.deregister(fd);
        }
        Ok(threaded)
    }

    /// The threads, which are started by the first call.
    fn pool(&self) -> io::Result<Rc<Pool>> {
        let mut pool = self.pool.borrow_mut();
        if let Some(pool) = &*pool {
            return Ok(Rc::clone(pool));
        }
        let told = (ptr::from_ref(self).cast(), on_threads::<H> as unsafe fn(_));
        // SAFETY: the loop is that of `open`, and the pool is closed before the reactor's handle is closed.
        let opened = unsafe { Pool::open(self.uv, self.event_loop, told) }?;
        Ok(Rc::clone(pool.insert(Rc::new(opened))))
    }

    /// Tells of a descriptor again if there is something to read or, if `writable`, as soon as there
    /// is room to write.
    pub fn rearm(&self, fd: RawFd, writable: bool) {
        if let Some(poll) = self.poll_of(fd) {
            // Of what is left to read it is told anyway.
            // SAFETY: it is in the list, so it was not closed.
            unsafe { poll.as_ref() }.set_writable(writable);
            return;
        }
        // What fails here was never registered, or is closed: there is nothing to be told of it.
        let _ = self.selector.borrow().registry().reregister(
            &mut SourceFd(&fd),
            Token(fd as usize),
            interest(writable),
        );
    }

    /// What there is to read of a socket is left unread: it is told of only when more comes, or with
    /// [`rearm`](Self::rearm).
    pub fn leave_unread(&self, fd: RawFd) {
        if let Some(poll) = self.poll_of(fd) {
            self.watch_by_selector(poll);
        }
    }

    /// Has a socket told of as having something to read, soon, whatever the kernel knows of it.
    ///
    /// # Errors
    /// The system has no room for what that takes.
    pub fn tell_again(&self, id: u64) -> io::Result<()> {
        let waker = match self.waker.get() {
            Some(waker) => waker,
            None => {
                let made = Waker::new(self.selector.borrow().registry(), AGAIN)?;
                self.waker.get_or_init(|| made)
            }
        };
        waker.wake()?;
        self.again.borrow_mut().push(id);
        Ok(())
    }

    /// A descriptor that is watched has another number from now on.
    pub fn rename(&self, fd: RawFd, id: u64) {
        if let Some(known) = self.ids.borrow_mut().get_mut(fd as usize)
            && *known != NOBODY
        {
            *known = id;
        }
    }

    /// Watches a descriptor no more. To be called before it is closed.
    pub fn deregister(&self, fd: RawFd) {
        if let Some(id) = self.ids.borrow_mut().get_mut(fd as usize)
            && *id != NOBODY
        {
            *id = NOBODY;
            self.watched.set(self.watched.get() - 1);
        }
        if !self.close_poll(fd) {
            // As for `rearm`.
            let _ = self
                .selector
                .borrow()
                .registry()
                .deregister(&mut SourceFd(&fd));
        }
    }

    /// One more socket keeps the loop alive, until [`unreference`](Self::unreference) is called.
    pub fn reference(&self) {
        let references = self.references.get();
        self.references.set(references + 1);
        if references == 0 {
            // SAFETY: the handle is initialised, and libuv allows it at any time until it is freed.
            unsafe { (self.uv.reference)(self.handle()) };
        }
    }

    /// One socket less keeps the loop alive.
    pub fn unreference(&self) {
        let references = self.references.get() - 1;
        self.references.set(references);
        if references == 0 {
            // SAFETY: as in `reference`.
            unsafe { (self.uv.unreference)(self.handle()) };
        }
    }

    /// Has [`on_polled`](Handler::on_polled) called when libuv would tell of a socket's end that is asked for now:
    /// behind what it has polled for, or behind its timers.
    pub fn call_after_poll(&self) {
        self.awaiting_poll.ask();
        self.start_after_poll();
    }

    fn start_after_poll(&self) {
        if self.closing.get() {
            return;
        }
        let handles = self.after_poll.get().unwrap_or_else(|| {
            let told = (ptr::from_ref(self).cast(), on_moment::<H> as unsafe fn(_));
            // SAFETY: the loop is that of `open`, and the handles are closed before that of the reactor.
            unsafe { AfterPoll::open(self.uv, self.event_loop, told) }
        });
        self.after_poll.set(Some(handles));
        // SAFETY: they are closed when they are taken out.
        unsafe { handles.as_ref() }.start();
    }

    /// Calls `done` when libuv would, if a handle were closed now.
    pub fn call_when_closed(&self, done: impl FnOnce() + 'static) {
        // SAFETY: the loop is that of `open`, and runs until this handle is closed, and with it all others.
        unsafe { call_when_closed(self.uv, self.event_loop, done) };
    }

    /// Who is told.
    pub const fn handler(&self) -> &H {
        &self.handler
    }

    /// Begins to close the handle; the reactor is freed some time after.
    pub fn close(&self) {
        if !self.closing.replace(true) {
            if let Some(pool) = self.pool.take() {
                pool.close();
            }
            if let Some(handles) = self.after_poll.take() {
                // SAFETY: they were not closed, and nobody has them any more.
                unsafe { AfterPoll::close(handles) };
            }
            for poll in self.few.take() {
                // SAFETY: what is in the list was not closed, and now it is not in it any more.
                unsafe { Poll::close(poll) };
            }
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
}

/// What to watch a socket for.
const fn interest(writable: bool) -> Interest {
    if writable {
        INTEREST.add(Interest::WRITABLE)
    } else {
        INTEREST
    }
}

unsafe fn on_threads<H: Handler>(reactor: *const ()) {
    // SAFETY: it is that of `pool`, which is closed before the reactor's handle is
    // closed; behind that nothing is told.
    unsafe { &*reactor.cast::<Reactor<H>>() }.dispatch_threads();
}

unsafe fn on_moment<H: Handler>(reactor: *const ()) {
    // SAFETY: it is that of `call_after_poll`, whose handles are closed before the reactor's own is; behind
    // that nothing is told.
    let reactor = unsafe { &*reactor.cast::<Reactor<H>>() };
    if reactor.awaiting_poll.run(|| reactor.handler.on_polled()) {
        reactor.start_after_poll();
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
