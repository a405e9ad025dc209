//! What the reactor watches a socket for.

use ws_rs_engine::registry::Id;
use ws_rs_wire::Reactor;

use super::super::super::outbox::EIO;
use super::super::LoopState;
use super::super::turns::Turns;
use super::LoopSocket;

impl LoopSocket {
    /// Asks to be told, or no more, when there is room to write.
    pub(crate) fn watch_writable(&mut self, state: &LoopState, writable: bool) {
        let writable = writable || self.stream.has_backlog() || self.stream_waits;
        // Who is on a thread is told once.
        if let Some(socket) = self.stream.threaded() {
            if writable || self.writable {
                self.writable = writable;
                socket.want_room(writable);
            }
        } else if self.writable != writable {
            self.writable = writable;
            if let Some(reactor) = state.reactor()
                && self.watched
            {
                reactor.rearm(self.descriptor(), self.writable);
            }
        }
    }

    /// Watches one that is not watched yet; `false`: that cannot be.
    fn watch(&mut self, reactor: &Reactor<Turns>, id: Id, by_selector: bool) -> bool {
        let fd = self.descriptor();
        let registered = if by_selector {
            reactor.register(fd, id)
        } else {
            reactor.register_reader(fd, id)
        };
        self.watched = registered.is_ok();
        if self.watched && self.referenced {
            reactor.keep_alive(true);
        }
        self.watched
    }

    /// Has somebody told as soon as something comes, once; `false`: that cannot be. It is not watched by
    /// itself if the I/O threads are about to watch it, or if not all is read that comes.
    pub(crate) fn await_request(&mut self, state: &LoopState, id: Id, by_selector: bool) -> bool {
        self.watched
            || state
                .reactor()
                .is_some_and(|reactor| self.watch(reactor, id, by_selector))
    }

    /// No thread has it any more: it is watched here. If that cannot be, it has failed.
    pub(in super::super) fn watch_here(&mut self, reactor: &Reactor<Turns>, id: Id) {
        if !self.watched {
            return;
        }
        let watched = reactor.register(self.descriptor(), id);
        if watched.is_ok() && self.writable {
            reactor.rearm(self.descriptor(), true);
        }
        if let Err(error) = watched {
            let error = error.raw_os_error().unwrap_or(EIO);
            self.with_tls(|tls| tls.fail(error));
        }
    }

    /// Whether it waits for room to write.
    pub(crate) const fn is_writing(&self) -> bool {
        self.writable
    }

    /// Watches a socket again of which all was read, as it is still written to.
    pub(crate) fn watch_again(&mut self, state: &LoopState, id: Id) {
        if let Some(reactor) = state.reactor()
            && !self.watched
            && reactor.register(self.descriptor(), id).is_ok()
        {
            self.watched = true;
            if self.writable {
                reactor.rearm(self.descriptor(), true);
            }
            if self.referenced {
                reactor.keep_alive(true);
            }
        }
    }

    pub(in super::super) fn set_referenced(&mut self, reactor: &Reactor<Turns>, referenced: bool) {
        if self.referenced != referenced {
            self.referenced = referenced;
            if self.watched {
                reactor.keep_alive(referenced);
            }
        }
    }

    /// Reads no more. What an I/O thread has of it is to be taken before; see `threads.rs`.
    pub(in super::super) fn stop(&mut self, reactor: &Reactor<Turns>) {
        if self.watched {
            self.watched = false;
            // Of one that was a thread's the reactor knows nothing.
            reactor.deregister(self.descriptor());
            if self.referenced {
                reactor.keep_alive(false);
            }
        }
    }

    /// Nobody wants what there is to read, as long as it is not asked for again.
    pub(in super::super) fn leave_unread(&mut self, reactor: &Reactor<Turns>) {
        self.stream.leave_unread();
        if self.watched {
            reactor.leave_unread(self.descriptor());
        }
    }

    /// Asks to be told again, as not all was read.
    pub(in super::super) fn rearm(&self, reactor: &Reactor<Turns>, id: Id) {
        if !self.watched {
            return;
        }
        match self.stream.threaded() {
            Some(socket) => socket.rearm(self.writable),
            None => reactor.rearm(self.descriptor(), self.writable),
        }
        if self.stream.has_more() {
            // Without memory for that it is told when more comes.
            let _ = reactor.tell_again(id);
        }
    }
}
