//! An I/O thread without an event loop, for tests.

use std::sync::Arc;

use super::line::Line;
use super::ready::Ready;
use super::socket::Threaded;
use super::worker::Worker;
use crate::socket::Socket;

pub(crate) struct TestThread {
    ready: Arc<Ready>,
    worker: Worker,
}

impl TestThread {
    pub(crate) fn start() -> Self {
        let ready = Arc::new(Ready::new());
        let worker = Worker::start(Arc::clone(&ready)).expect("a thread");
        Self { ready, worker }
    }

    /// Has it move the bytes of a socket.
    pub(crate) fn take(&self, socket: Socket) -> Threaded {
        let (fd, is_tls) = (socket.descriptor(), socket.is_tls());
        let line = Arc::new(Line::new(socket, 0, false, None));
        let desk = Arc::clone(&self.worker.desk);
        desk.add(Arc::clone(&line));
        Threaded::new((fd, is_tls), line, desk, Arc::clone(&self.ready))
    }

    /// Forgets what there was to tell.
    pub(crate) fn clear(&self) {
        let mut lines = Vec::new();
        self.ready.take(&mut lines);
        for line in lines {
            line.pipe.take_news();
        }
    }
}
