//! Telling of sockets what the selector knows.

use std::cell::RefCell;
use std::os::fd::RawFd;
use std::time::Duration;

use mio::Events;
use mio::event::Event;

use super::{AGAIN, Handler, LISTENS, Reactor};
use crate::news::Ready;
use crate::uv;

impl<H: Handler> Reactor<H> {
    pub(super) fn dispatch(&self) {
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
            let listening = RefCell::new(Vec::new());
            let told = self.in_turn(&events);
            let told = told.into_iter().filter_map(|event| {
                let is_special = event.is_error() || event.is_priority();
                let ends_apart = !event.is_write_closed() || self.uv.meets_ends_apart;
                let is_closed = event.is_read_closed() && event.is_write_closed();
                let index = event.token().0;
                let id = self.id_of(index)?;
                if id == LISTENS {
                    listening.borrow_mut().push(index as RawFd);
                    return None;
                }
                Some(Ready {
                    id,
                    readable: event.is_readable() || is_special,
                    writable: event.is_writable() || event.is_error(),
                    until_empty: event.is_read_closed() || is_special,
                    ends: event.is_read_closed() && ends_apart && !is_special,
                    hangs_up: is_closed && !self.uv.meets_ends_apart,
                    is_told_again: false,
                })
            });
            let again = self.again.take();
            if again.is_empty() {
                self.handler.on_ready(told);
            } else {
                self.handler
                    .on_ready(told.chain(again.into_iter().map(|id| Ready {
                        id,
                        readable: true,
                        ..Ready::nothing(id)
                    })));
            }
            for fd in listening.into_inner() {
                self.handler.on_connections(fd);
            }
            // Those that end are about to be closed.
            let going_on = events.iter().filter(|event| !event.is_read_closed());
            self.watch_few(going_on.map(|event| event.token().0));
        }
        self.events.replace(Some(events));
    }

    /// What the selector knows, in libuv's order.
    fn in_turn<'a>(&self, events: &'a Events) -> Vec<&'a Event> {
        let mut order = self.order.borrow_mut();
        // SAFETY: the loop is that of `open`.
        let turn = unsafe { uv::turn(self.uv, self.event_loop) };
        let news = events.iter().filter(|event| event.token() != AGAIN);
        order.in_turn(turn, news.collect(), |event| event.token().0)
    }

    /// Sockets of other threads.
    pub(super) fn dispatch_threads(&self) {
        let pool = self.pool.borrow().clone();
        if let Some(pool) = pool {
            pool.dispatch(|sockets| self.handler.on_ready(sockets));
        }
    }
}
