//! What a wire has taken and not written yet.

use ws_rs_protocol as protocol;

use super::Connection;
use super::passage::Passage;
use crate::outbox::{Lent, Resized, Taken};

impl<S: protocol::PayloadStore, P: Lent> Connection<S, P> {
    /// Whether a wire may be given a frame past the outbox, with [`hand_over`](Self::hand_over).
    #[must_use]
    pub const fn passage(&self) -> Passage {
        if !self.writes || self.write_error.is_some() {
            Passage::Closed
        } else if self.outbox.waiting() > 0 {
            Passage::Behind
        } else {
            Passage::Open
        }
    }

    /// A wire was given a frame past the outbox, in which nothing waits; see [`Outbox::hand_over`].
    ///
    /// [`Outbox::hand_over`]: crate::outbox::Outbox::hand_over
    pub fn hand_over(&mut self, len: u64, track: bool) {
        self.outbox.hand_over(len);
        self.meter_wire(len);
        if track {
            self.outbox.track();
        }
    }

    /// Frames that were handed over had so many bytes less than was said.
    pub fn shrink(&mut self, by: i64) {
        self.outbox.shrink(by);
        self.meter_growth(-by);
    }

    /// A wire has written all but `left` of the bytes that it keeps.
    pub fn acknowledge(&mut self, left: u64) {
        self.outbox.acknowledge(left);
    }

    /// A wire broke with a system error number, and has not written `left` of the bytes that it keeps.
    pub fn fail_behind(&mut self, left: u64, error: i32) {
        self.acknowledge(left);
        self.fail(error);
    }

    /// A wire gives back what it could not write; see [`Outbox::put_back`].
    ///
    /// [`Outbox::put_back`]: crate::outbox::Outbox::put_back
    pub fn put_back(&mut self, bytes: Vec<u8>, others: usize, resized: &[Resized]) {
        self.outbox.put_back(bytes, others, resized);
        self.meter_growth(resized.iter().map(Resized::growth).sum());
    }

    /// A wire that takes no more has taken bytes without saying so, as many as `committed` says; see [`Outbox::own`].
    /// Of what it was handed it has a copy.
    ///
    /// [`Outbox::own`]: crate::outbox::Outbox::own
    pub fn own(&mut self, committed: impl FnOnce() -> usize) {
        if self.outbox.handed() == 0 {
            self.outbox.own(committed());
        }
    }

    /// A wire, if one is written to, will write the first `len` bytes that wait, which it has taken without saying so:
    /// nobody else is to.
    pub fn report_committed(&mut self, len: usize) {
        let mut left = len;
        if len > 0 {
            self.write(Some(&mut |_| match std::mem::take(&mut left) {
                0 => Taken::Blocked,
                len => Taken::Bytes(len),
            }));
        }
    }

    /// A wire has sent so many bytes by itself.
    pub fn count_others(&mut self, len: u64) {
        self.outbox.count_others(len);
        self.meter_wire(len);
    }

    /// A wire has answered a ping of `len` bytes by itself, as a server.
    pub fn count_pong(&mut self, len: u32) {
        const HEADER: u64 = 2;
        self.count_others(HEADER + u64::from(len));
    }

    fn meter_growth(&self, by: i64) {
        if let Some(meter) = &self.meter {
            // They are counted already.
            meter.sent.wire_bytes.add(by as u64);
        }
    }
}
