//! What a server's connections have received and sent, in numbers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// What went one way.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Messages that are whole.
    pub messages: Count,
    /// Bytes of their payloads, as programs have them.
    pub bytes: Count,
    /// Bytes of frames, control frames too, as they are on the wire.
    pub wire_bytes: Count,
}

/// The numbers of one server. They only grow.
#[derive(Debug, Default)]
pub struct Meter {
    /// What came from peers.
    pub received: Traffic,
    /// What went to peers.
    pub sent: Traffic,
    /// Connections that were opened, ...
    pub opened: Count,
    /// ... those of them that were accepted natively, ...
    pub accepted: Count,
    /// ... and of these, those for which the program's side had to be made.
    pub materialized: Count,
    /// Messages that were dropped, as the peer was too slow.
    pub dropped: Count,
    /// Pings that were not answered in time.
    pub missed: Count,
    closed: RefCell<BTreeMap<u16, u64>>,
}

/// A number that grows.
#[derive(Debug, Default)]
pub struct Count(Cell<u64>);

impl Count {
    /// Adds to it, modulo 2^64: `-n as u64` takes `n` off again.
    pub fn add(&self, more: u64) {
        self.0.set(self.0.get().wrapping_add(more));
    }

    /// The number now.
    #[must_use]
    pub const fn get(&self) -> u64 {
        self.0.get()
    }
}

impl Traffic {
    /// So many messages, with so many bytes in all.
    pub fn add(&self, messages: u64, bytes: u64) {
        self.messages.add(messages);
        self.bytes.add(bytes);
    }
}

impl Meter {
    /// A frame is sent, or a part of one, whose payload has so many bytes for the program. `first` is
    /// the frame's first byte; without FIN the message goes on. Control frames do not count.
    pub fn send(&self, first: u8, bytes: u64) {
        const FIN: u8 = 0x80;
        const CONTROL: u8 = 0x08;
        if first & CONTROL == 0 {
            self.sent.add(u64::from(first & FIN != 0), bytes);
        }
    }

    /// A connection was closed, with a code.
    pub fn close(&self, code: u16) {
        *self.closed.borrow_mut().entry(code).or_default() += 1;
    }

    /// How many were closed, by their codes.
    #[must_use]
    pub fn closed(&self) -> Vec<(u16, u64)> {
        let closed = self.closed.borrow();
        closed.iter().map(|(code, count)| (*code, *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_counted() {
        let meter = Meter::default();
        meter.received.add(2, 10);
        meter.received.add(1, 5);
        meter.sent.wire_bytes.add(7);
        let Meter { received, sent, .. } = &meter;
        assert_eq!((received.messages.get(), received.bytes.get()), (3, 15));
        assert_eq!((sent.messages.get(), sent.wire_bytes.get()), (0, 7));
    }

    #[test]
    fn a_message_is_sent_with_its_last_frame() {
        let meter = Meter::default();
        for (first, bytes) in [(0x82, 1), (0x01, 10), (0x89, 100), (0x80, 1000)] {
            meter.send(first, bytes);
        }
        assert_eq!(
            (meter.sent.messages.get(), meter.sent.bytes.get()),
            (2, 1011)
        );
    }

    #[test]
    fn closed_connections_are_counted_by_code() {
        let meter = Meter::default();
        for code in [1006, 1000, 1006] {
            meter.close(code);
        }
        assert_eq!(meter.closed(), [(1000, 1), (1006, 2)]);
    }
}
