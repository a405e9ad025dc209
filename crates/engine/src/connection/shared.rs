//! Frames that many connections get.

use std::sync::Arc;
use std::time::Duration;

use ws_rs_protocol as protocol;

use super::{Connection, Sent, Wire};
use crate::outbox::Lent;
use crate::registry::Id;
use crate::schedule::{Moment, Schedule};

impl<S: protocol::PayloadStore, P: Lent> Connection<S, P> {
    /// Whether nobody needs to look at the connection before such a frame is sent: it is open, and in
    /// the middle of nothing.
    #[must_use]
    pub const fn takes_shared(&self) -> bool {
        self.takes_shared
    }

    /// See [`takes_shared`](Self::takes_shared); `false` at first.
    pub const fn set_takes_shared(&mut self, takes: bool) {
        self.takes_shared = takes;
    }

    /// How many bytes may wait for a full wire before such a frame is refused.
    pub const fn set_most_waiting(&mut self, most: u64) {
        self.most_waiting = most;
    }

    /// Sends a whole frame that others get, too, as [`send`](Self::send) does; of several in a tick
    /// only the first is written at once, or none. It is kept once for all who cannot be written to.
    ///
    /// # Returns
    /// `None` where a stream writes, nothing can be written any more, or more would wait for a full
    /// wire than [`set_most_waiting`](Self::set_most_waiting) said: nothing is sent then.
    pub fn send_shared(
        &mut self,
        frame: &Arc<[u8]>,
        more_messages: bool,
        (schedule, id): (&mut Schedule, Id),
        now: impl FnOnce() -> Duration,
        spare: impl FnOnce() -> Vec<u8>,
        wire: Wire<'_>,
    ) -> Option<Sent> {
        let wire = wire.filter(|_| self.writes && self.write_error.is_none())?;
        if self.outbox.is_blocked() {
            if self.outbox.blocked_len() + frame.len() as u64 > self.most_waiting {
                return None;
            }
            self.outbox.push_shared(frame, spare);
            self.meter_wire(frame.len() as u64);
            return Some(Sent::Blocked);
        }
        self.meter_wire(frame.len() as u64);
        let before = self.outbox.waiting();
        let lens = (before, before + frame.len() as u64);
        let at_once = schedule.at_once_for_many(&mut self.pace, before);
        let how = (more_messages, at_once);
        let sent = match schedule.moment(id, &mut self.pace, lens, how, now) {
            Moment::Now => {
                let written = self.outbox.write_shared(frame, wire);
                return Some(self.note(written));
            }
            Moment::WithBatch => Sent::WithBatch,
            Moment::WithTick => Sent::WithTick,
        };
        self.outbox.push_shared(frame, spare);
        Some(sent)
    }
}
