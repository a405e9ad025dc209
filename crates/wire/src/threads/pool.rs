//! The I/O threads of one event loop.

use std::cell::{Cell, RefCell};
use std::io;
use std::ptr::NonNull;
use std::sync::Arc;

use super::line::Line;
use super::pipe::{END, READ, WRITE};
use super::ready::{Bell, Ready};
use super::responder::Responder;
use super::socket::Threaded;
use super::worker::Worker;
use crate::descriptor::duplicate;
use crate::news;
use crate::socket::Socket;
use crate::uv::{Loop, Uv};

/// Sockets that have their turn before timers and others of Node's loop.
const BATCH: usize = 512;

/// How a socket is moved to an I/O thread.
#[derive(Debug)]
pub struct Move {
    /// The number by which its owner is told of it.
    pub id: u64,
    /// It is a Unix socket: as the peer can send descriptors along, a short read may not be the last.
    pub is_local: bool,
    /// Among how many threads sockets are shared out, each to the next one.
    pub threads: usize,
    /// Others may close its descriptor, so the thread is to have one of its own.
    pub others_may_close: bool,
    /// What answers the peer on the way, if anything does.
    pub responder: Option<Box<dyn Responder>>,
}

/// Threads that move bytes, each started for its first socket. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Pool {
    ready: Arc<Ready>,
    bell: Cell<Option<NonNull<Bell>>>,
    workers: RefCell<Vec<Worker>>,
    /// How many sockets there were so far.
    count: Cell<usize>,
    /// Sockets that wait for their turn; `None` while some have it.
    due: RefCell<Option<Vec<Arc<Line>>>>,
}

impl Pool {
    /// # Errors
    /// libuv has no room for one more handle.
    ///
    /// # Safety
    /// `event_loop` is the loop of this thread, and it runs until libuv has closed the handle. `told`
    /// may be called with `owner` until this is closed, which is on this thread.
    pub(crate) unsafe fn open(
        uv: &'static Uv,
        event_loop: *mut Loop,
        owner: (*const (), unsafe fn(*const ())),
    ) -> io::Result<Self> {
        // SAFETY: the caller's promise.
        let bell = unsafe { Bell::open(uv, event_loop, owner) }
            .ok_or_else(|| io::Error::other("libuv has no room for a handle"))?;
        let ready = Ready::new();
        ready.set_bell(Some(bell));
        Ok(Self {
            ready: Arc::new(ready),
            bell: Cell::new(Some(bell)),
            workers: RefCell::default(),
            count: Cell::new(0),
            due: RefCell::new(Some(Vec::new())),
        })
    }

    /// Has a thread move the bytes of a socket.
    ///
    /// # Errors
    /// There is no such thread, and the system has no room for one, or none for a descriptor: the socket
    /// comes back.
    pub(crate) fn add(&self, socket: Socket, how: Move) -> Result<Threaded, Socket> {
        let count = self.count.get();
        self.count.set(count.wrapping_add(1));
        let mut workers = self.workers.borrow_mut();
        let mut index = count % how.threads.max(1);
        if index >= workers.len() {
            index = workers.len();
            let Ok(worker) = Worker::start(Arc::clone(&self.ready)) else {
                return Err(socket);
            };
            workers.push(worker);
        }
        let (fd, is_tls) = (socket.descriptor(), socket.is_tls());
        let Ok(own) = how
            .others_may_close
            .then(|| duplicate(socket.descriptor()))
            .transpose()
        else {
            return Err(socket);
        };
        let line = Arc::new(Line::new(socket, how.id, how.is_local, how.responder));
        let desk = Arc::clone(&workers[index].desk);
        if let Some(own) = own {
            // The selector does not know the line yet, so nothing fails.
            let _ = line.set_own(desk.registry(), own);
        }
        desk.add(Arc::clone(&line));
        let ready = Arc::clone(&self.ready);
        Ok(Threaded::new((fd, is_tls), line, desk, ready))
    }

    /// Ends the threads; nothing is told behind that.
    pub(crate) fn close(&self) {
        self.workers.take();
        self.ready.set_bell(None);
        if let Some(bell) = self.bell.take() {
            // SAFETY: it was here, so it is open, and nobody else has it any more; it is the loop's
            // thread, as `open` asks for.
            unsafe { Bell::close(bell) };
        }
    }

    /// Calls `body` with the sockets that are to have their turn; not if it is called from within `body`.
    pub(crate) fn dispatch(&self, body: impl FnOnce(&mut dyn Iterator<Item = news::Ready>)) {
        let Some(mut due) = self.due.take() else {
            return;
        };
        self.ready.take(&mut due);
        let batch = due.len().min(BATCH);
        body(&mut due.drain(..batch).map(|line| {
            let news = line.pipe.take_news();
            news::Ready {
                readable: news & READ != 0,
                writable: news & WRITE != 0,
                until_empty: news & END != 0,
                ..news::Ready::nothing(line.id)
            }
        }));
        if !due.is_empty() {
            self.ready.ring();
        }
        self.due.replace(Some(due));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}
