//! What shows that the peer lives.

use std::convert::Infallible;
use std::time::Duration;

use ws_rs_protocol as protocol;

use super::{Connection, Options, Sent, Wire};
use crate::heartbeat::{Signs, encode_ping};
use crate::outbox::Lent;
use crate::registry::Id;
use crate::schedule::Schedule;

impl<S: protocol::PayloadStore, P: Lent> Connection<S, P> {
    /// What can be seen of the peer; `is_excused` says that nothing is expected of it, as nobody reads what it sends.
    #[must_use]
    pub fn signs(&self, is_excused: bool) -> Signs {
        Signs {
            heard: self.heard(),
            blocked: self.outbox.is_blocked().then(|| self.outbox.gone()),
            is_excused,
        }
    }

    /// Sends the ping with a token, masked with what `mask` gives if it is a client's (RFC 6455, section 5.3); the rest
    /// is as of [`send`](Self::send). `None`: there is none, as the wire takes no more and it would come too late.
    pub fn ping(
        &mut self,
        (token, mask): (u64, impl FnOnce() -> [u8; 4]),
        (schedule, id): (&mut Schedule, Id),
        now: impl FnOnce() -> Duration,
        spare: impl FnOnce() -> Vec<u8>,
        wire: Wire<'_>,
    ) -> Option<Sent> {
        if self.outbox.is_blocked() {
            return None;
        }
        let is_client = self.protocol.role() == protocol::Role::Client;
        let mask = is_client.then(mask);
        let encode = |out: &mut Vec<u8>| {
            encode_ping(token, mask, out);
            Ok::<_, Infallible>(())
        };
        let options = Options::default();
        let Ok(sent) = self.send(encode, options, (schedule, id), now, spare, wire);
        Some(sent)
    }

    /// Bytes have come that were read and understood elsewhere.
    pub fn count_unseen(&mut self, len: u64) {
        self.bytes_read += len;
        if let Some(meter) = &self.meter {
            meter.received.wire_bytes.add(len);
        }
    }

    /// Another number than before if anything was received since.
    #[must_use]
    pub const fn heard(&self) -> u64 {
        self.bytes_read.wrapping_add(self.chunks)
    }
}
