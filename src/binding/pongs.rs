//! Pongs that answer pings of our own, which nobody else is to see.

use std::cell::RefCell;

use ws_rs_engine::heartbeat::Heartbeats;
use ws_rs_engine::registry::Id;

use crate::clock;

/// Knows those of a connection.
#[derive(Clone, Copy)]
pub(crate) struct Pongs<'a> {
    heartbeats: &'a RefCell<Heartbeats>,
    id: Id,
    heard: u64,
}

impl<'a> Pongs<'a> {
    /// For a connection, of which so much was heard.
    pub(crate) const fn of(heartbeats: &'a RefCell<Heartbeats>, id: Id, heard: u64) -> Self {
        Self {
            heartbeats,
            id,
            heard,
        }
    }

    /// Takes the pong if it is one.
    pub(crate) fn take(self, payload: &[u8]) -> bool {
        self.heartbeats
            .borrow_mut()
            .is_answer(self.id, payload, self.heard, clock::now)
    }
}
