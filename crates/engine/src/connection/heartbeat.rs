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

    /// Another number than before if anything was received since.
    #[must_use]
    pub const fn heard(&self) -> u64 {
        self.bytes_read.wrapping_add(self.chunks)
    }
}
