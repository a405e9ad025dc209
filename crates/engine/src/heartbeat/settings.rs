//! What was agreed on for a connection's heartbeat.

use std::time::Duration;

use ws_rs_protocol::Role;

/// What was agreed on for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// A peer of which nothing came for so long gets a ping ...
    pub interval: Duration,
    /// ... and is dead if nothing comes for so long after it.
    pub timeout: Duration,
    /// Its pings are the program's to make.
    pub delegates: bool,
}

impl Settings {
    /// Whether an I/O thread can ask the peer: it makes no masks, and leaves to the program what that is to make.
    #[must_use]
    pub fn suit_thread(&self, role: Role) -> bool {
        !self.delegates && role == Role::Server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_i_o_thread_asks_peers_whose_pings_need_no_mask_and_no_program() {
        let settings = Settings {
            interval: Duration::from_secs(30),
            timeout: Duration::from_secs(5),
            delegates: false,
        };
        assert!(settings.suit_thread(Role::Server));
        assert!(!settings.suit_thread(Role::Client));
        let delegates = Settings {
            delegates: true,
            ..settings
        };
        assert!(!delegates.suit_thread(Role::Server));
    }
}
