//! Heartbeats of connections on I/O threads: the engine of each thread, and who looks after whom.

use std::time::Duration;

use ws_rs_engine::heartbeat::{Heartbeats, Settings, Signs, Verdict, encode_ping};
use ws_rs_engine::registry::Id;
use ws_rs_wire::{Pulse, Pulses, Seen, Terms, Threaded};

use super::super::environment::{Entry, Environment};
use super::LoopSocket;
use crate::clock;

/// The engine of one thread.
#[derive(Debug, Default)]
struct ThreadPulses(Heartbeats);

impl Pulses for ThreadPulses {
    fn now(&self) -> Duration {
        clock::now()
    }

    fn start(&mut self, index: u64, terms: &Terms, seen: Seen, now: Duration) {
        let settings = Settings {
            interval: terms.interval,
            timeout: terms.timeout,
            delegates: false,
        };
        // The thread has the ping as a whole, and knows its pong by that.
        self.0.start(index, settings, 0, signs(seen), now);
    }

    fn stop(&mut self, index: u64) {
        self.0.stop(index);
    }

    fn next(&self) -> Option<Duration> {
        self.0.next()
    }

    fn poll(&mut self, now: Duration) -> Option<u64> {
        self.0.poll(now)
    }

    fn look(
        &mut self,
        index: u64,
        seen: Seen,
        has_news: &mut dyn FnMut() -> bool,
        now: Duration,
    ) -> Pulse {
        match self.0.look(index, signs(seen), has_news, now) {
            Verdict::Alive => Pulse::Alive,
            Verdict::Ping(_) | Verdict::Delegate(_) => Pulse::Ask,
            Verdict::Dead => Pulse::Dead,
        }
    }
}

const fn signs(seen: Seen) -> Signs {
    Signs {
        heard: seen.heard,
        blocked: seen.blocked,
        is_excused: seen.is_excused,
    }
}

impl Entry {
    fn thread(&self) -> Option<&Threaded> {
        self.socket.as_ref().and_then(LoopSocket::threaded)
    }

    /// Leaves the heartbeat to the connection's I/O thread, if it is on one that can ask its peer. The
    /// environment's then only knows its pongs.
    pub(crate) fn leave_heartbeat(&self, id: Id, heartbeats: &mut Heartbeats) -> bool {
        let (Some(thread), Some((settings, token))) = (self.thread(), heartbeats.terms(id)) else {
            return false;
        };
        if !settings.suit_thread(self.connection.protocol.role()) || !thread.has_responder() {
            return false;
        }
        let mut question = Vec::new();
        encode_ping(token, None, &mut question);
        heartbeats.rest(id);
        let terms = Terms {
            interval: settings.interval,
            timeout: settings.timeout,
            question,
        };
        thread.watch(terms, || Box::<ThreadPulses>::default());
        true
    }

    /// Nobody asks the peer any more.
    pub(crate) fn rest_heartbeat(&self) {
        if let Some(thread) = self.thread() {
            thread.unwatch();
        }
    }

    /// The heartbeat is the environment's again, whose thread asks nobody any more; `true`: JavaScript is to
    /// ask when to look.
    pub(crate) fn reclaim_heartbeat(&self, state: &Environment, id: Id) -> bool {
        self.thread().is_some_and(Threaded::is_watched) && {
            self.rest_heartbeat();
            resume_heartbeat(state, id, self)
        }
    }

    /// Counts what its I/O thread has sent and received for the heartbeat.
    pub(crate) fn note_heartbeat(&mut self) {
        if let Some((unseen, asked)) = self.thread().map(Threaded::take_others) {
            self.count_heartbeat(unseen, asked);
        }
    }

    pub(super) fn count_heartbeat(&mut self, unseen: usize, asked: usize) {
        if unseen > 0 {
            self.connection.count_unseen(unseen as u64);
        }
        if asked > 0 {
            self.connection.count_others(asked as u64);
        }
    }
}

/// Looks after a connection here again, which no I/O thread looks after any more; returns whether JavaScript
/// is to ask when to look.
pub(super) fn resume_heartbeat(state: &Environment, id: Id, entry: &Entry) -> bool {
    let mut heartbeats = state.heartbeats.borrow_mut();
    let Some((settings, token)) = heartbeats.terms(id) else {
        return false;
    };
    let signs = entry.connection.signs(false);
    heartbeats.start(id, settings, token, signs, clock::now());
    true
}
