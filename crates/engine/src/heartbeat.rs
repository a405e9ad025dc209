//! Which peers are asked whether they live, and which do not answer.

mod beats;
mod settings;

use std::time::Duration;

pub use self::beats::Signs;
pub use self::settings::Settings;
use ws_rs_protocol::{Control, Frame, OpCode, encode_frame};

use self::beats::{Beat, Beats};
use crate::registry::Id;

/// So many connections are looked at before others have their turn: to ping them takes about half a millisecond.
pub const BATCH: usize = 256;
/// How many bytes a ping of ours carries, which its pong brings back.
pub const TOKEN_LEN: usize = 6;
/// Each interval, and each timeout, has so many moments at which somebody looks, so that one call serves many
/// connections.
const MOMENTS: u64 = 16;
/// How often in an interval somebody looks at a connection. That something comes is not noted: who looks sees that
/// something has come since the last look.
const LOOKS: u64 = 4;
/// The moment of connections that nobody looks at.
const NEVER: u64 = u64::MAX;
/// The least distance of two moments, in microseconds: timers know no less than a millisecond.
const LEAST: u64 = 1000;

/// What is to be done for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Alive,
    /// It is to be sent a ping with this token, ...
    Ping(u64),
    /// ... which is the program's to make.
    Delegate(u64),
    /// It was asked and did not answer. If nobody ends it, it is found dead again a timeout later.
    Dead,
}

/// The heartbeats of all connections that one thread looks after.
///
/// - *Commands*: [`start`](Self::start), [`rest`](Self::rest), [`stop`](Self::stop), [`excuse`](Self::excuse),
///   [`is_answer`](Self::is_answer); [`terms`](Self::terms) are for who starts it again, here or elsewhere.
/// - *Events*: at the time that [`next`](Self::next) says, [`poll`](Self::poll) until it gives
///   nobody; [`look`](Self::look) at each.
#[derive(Debug)]
pub struct Heartbeats {
    beats: Beats,
    /// How many are looked after.
    active: usize,
    /// Whose moment has come.
    due: Vec<Id>,
    /// No connection is to be looked at before.
    next: u64,
    /// What the caller was told of `next`.
    told: u64,
}

impl Default for Heartbeats {
    fn default() -> Self {
        Self {
            beats: Beats::default(),
            active: 0,
            due: Vec::new(),
            next: NEVER,
            told: NEVER,
        }
    }
}

impl Heartbeats {
    /// Begins to look after a connection. `token` is what its pings carry; its low 48 bits count. No other connection
    /// should have it, and it should say nothing of others.
    pub fn start(&mut self, id: Id, settings: Settings, token: u64, signs: Signs, now: Duration) {
        if let Some(before) = self.beats.in_slot_of(id) {
            self.stop(before);
        }
        let now = micros(now);
        let beat = Beat {
            id,
            token: token & TOKEN_MASK,
            interval: micros(settings.interval).max(1),
            timeout: micros(settings.timeout).max(1),
            delegates: settings.delegates,
            since: now,
            signs,
            deadline: None,
        };
        let due = beat.next_look(now, u64::MAX);
        self.beats.insert(beat, due);
        self.active += 1;
        self.next = self.next.min(due);
    }

    /// A connection is looked after no more, but a late answer to its ping is still known as one.
    pub fn rest(&mut self, id: Id) {
        if let Some((_, due)) = self.beats.get_mut(id)
            && *due != NEVER
        {
            *due = NEVER;
            self.active -= 1;
            if self.active == 0 {
                self.due.clear();
                self.next = NEVER;
                self.told = NEVER;
            }
        }
    }

    /// What was agreed on for a connection, and the token of its pings, until it is gone.
    #[must_use]
    pub fn terms(&mut self, id: Id) -> Option<(Settings, u64)> {
        let (beat, _) = self.beats.get_mut(id)?;
        let settings = Settings {
            interval: Duration::from_micros(beat.interval),
            timeout: Duration::from_micros(beat.timeout),
            delegates: beat.delegates,
        };
        Some((settings, beat.token))
    }

    /// Whether a connection is looked after.
    #[must_use]
    pub fn is_active(&mut self, id: Id) -> bool {
        self.beats.get_mut(id).is_some_and(|(_, due)| *due != NEVER)
    }

    /// A connection is gone.
    pub fn stop(&mut self, id: Id) {
        self.rest(id);
        self.beats.remove(id);
    }

    /// A connection counts as just heard: it was, in a way that its signs do not show, or nobody can listen to it.
    pub fn excuse(&mut self, id: Id, now: Duration) {
        if let Some((beat, due)) = self.beats.get_mut(id)
            && *due != NEVER
        {
            beat.since = micros(now);
            beat.deadline = None;
            *due = beat.next_look(beat.since, u64::MAX);
            self.next = self.next.min(*due);
        }
    }

    /// Whether a pong of a connection answers a ping of ours. `heard` is as in [`Signs`], with that pong counted; `now`
    /// is asked for if it does.
    pub fn is_answer(
        &mut self,
        id: Id,
        payload: &[u8],
        heard: u64,
        now: impl FnOnce() -> Duration,
    ) -> bool {
        if payload.len() != TOKEN_LEN {
            return false;
        }
        match self.beats.get_mut(id) {
            Some((beat, _)) if token_bytes(beat.token) == payload => {
                beat.signs.heard = heard;
                self.excuse(id, now());
                true
            }
            _ => false,
        }
    }

    /// When to poll, if at all.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        if !self.due.is_empty() {
            return Some(Duration::ZERO);
        }
        (self.active > 0).then(|| Duration::from_micros(self.next))
    }

    /// As [`next`](Self::next), for a caller that goes by it until it is told again; `None` if it
    /// knows of that time already, or of an earlier one.
    pub fn news(&mut self) -> Option<Duration> {
        (self.next < self.told).then(|| self.tell()).flatten()
    }

    /// As [`next`](Self::next), for a caller that goes by it.
    pub fn tell(&mut self) -> Option<Duration> {
        let next = self.next();
        self.told = if next.is_some() { self.next } else { NEVER };
        next
    }

    /// One that is to be looked at now.
    pub fn poll(&mut self, now: Duration) -> Option<Id> {
        let now = micros(now);
        loop {
            while let Some(id) = self.due.pop() {
                if let Some((beat, due)) = self.beats.get_mut(id)
                    && *due <= now
                {
                    // Until somebody has looked.
                    *due = moment(now, beat.interval, beat.interval);
                    self.next = self.next.min(*due);
                    return Some(id);
                }
            }
            if now < self.next {
                return None;
            }
            self.next = self.beats.collect_due(now, &mut self.due);
        }
    }

    /// Judges a connection by what can be seen of it. Before one is found dead `has_news` is asked whether something of
    /// its peer has come that nobody had time to read.
    pub fn look(
        &mut self,
        id: Id,
        signs: Signs,
        has_news: impl FnOnce() -> bool,
        now: Duration,
    ) -> Verdict {
        let now = micros(now);
        let Some((beat, due)) = self.beats.get_mut(id).filter(|(_, due)| **due != NEVER) else {
            return Verdict::Alive;
        };
        let was = std::mem::replace(&mut beat.signs, signs);
        let has_read = was.blocked.is_some() && was.blocked != signs.blocked;
        let verdict = if signs.is_excused || has_read || was.heard != signs.heard {
            beat.since = now;
            beat.deadline = None;
            *due = beat.next_look(now, u64::MAX);
            Verdict::Alive
        } else if let Some(deadline) = beat.deadline {
            if now < deadline {
                *due = beat.next_look(now, deadline);
                Verdict::Alive
            } else if has_news() {
                beat.since = now;
                beat.deadline = None;
                *due = beat.next_look(now, u64::MAX);
                Verdict::Alive
            } else {
                beat.ask(now, due);
                Verdict::Dead
            }
        } else if now - beat.since < beat.interval {
            let asked = moment(beat.since, beat.interval, beat.interval);
            *due = beat.next_look(now, asked);
            Verdict::Alive
        } else {
            beat.ask(now, due);
            if beat.delegates {
                Verdict::Delegate(beat.token)
            } else {
                Verdict::Ping(beat.token)
            }
        };
        self.next = self.next.min(*due);
        verdict
    }
}

impl Beat {
    /// When somebody is to look whether it was heard, if not before.
    fn next_look(&self, now: u64, latest: u64) -> u64 {
        let after = (self.interval / LOOKS).max(LEAST);
        moment(now, self.interval, after).min(latest)
    }

    /// From now on it has until the deadline to be heard.
    fn ask(&mut self, now: u64, due: &mut u64) {
        let deadline = moment(now, self.timeout, self.timeout);
        self.deadline = Some(deadline);
        *due = self.next_look(now, deadline);
    }
}

/// Appends the ping with a token (RFC 6455, section 5.5.2), masked if there is a key.
pub fn encode_ping(token: u64, mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let frame = Frame {
        fin: true,
        rsv1: false,
        opcode: OpCode::Control(Control::Ping),
        mask,
    };
    encode_frame(&frame, &token_bytes(token), out);
}

/// What a ping with a token carries.
fn token_bytes(token: u64) -> [u8; TOKEN_LEN] {
    let [_, _, bytes @ ..] = token.to_be_bytes();
    bytes
}

const TOKEN_MASK: u64 = (1 << (8 * TOKEN_LEN)) - 1;

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX / 2)
}

/// The first of the moments of a `period` that is at least `after` later than `from`.
fn moment(from: u64, period: u64, after: u64) -> u64 {
    (from + after).next_multiple_of((period / MOMENTS).max(LEAST))
}

#[cfg(test)]
mod tests;
