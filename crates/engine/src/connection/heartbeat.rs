//! What shows that the peer lives.

use ws_rs_protocol as protocol;

use super::Connection;
use crate::heartbeat::Signs;
use crate::outbox::Lent;

impl<S: protocol::PayloadStore, P: Lent> Connection<S, P> {
    /// What can be seen of the peer; `is_deaf` says that nobody listens to it.
    #[must_use]
    pub fn signs(&self, is_deaf: bool) -> Signs {
        Signs {
            heard: self.heard(),
            blocked: self.outbox.is_blocked().then(|| self.outbox.gone()),
            is_deaf,
        }
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
