//! When frames are written: at once, or together with others.

mod at_once;
mod batch;

pub use self::at_once::{AtOnce, goes_past_threads};
pub use self::batch::Batch;

use std::time::Duration;

use crate::registry::Id;

/// Joined frames are written when they are this many bytes ...
const JOINED: u64 = 8 * 1024;
/// ... or this many, while the next moment to write is sure to come soon: behind the last message of
/// a chunk, or the last socket of a batch.
const JOINED_IN_BATCH: u64 = 16 * 1024;
/// Frames wait for others no longer than this, as far as anybody looks: at the next send or event.
/// One write after another takes the kernel a tenth less than reads, writes and JavaScript in turns,
/// and what many turns send to one connection, as to all of a chat, is written in one go.
pub const MAX_DELAY: Duration = Duration::from_micros(100);
/// While other messages of the same chunk are to be answered, it may be this long.
const MAX_DELAY_IN_CHUNK: Duration = Duration::from_millis(1);

/// The first frames that a connection sends in a tick are written at once: what few programs send is
/// seen by the peer as if nothing were ever joined, whatever they do next.
pub const AT_ONCE: u8 = 3;

/// Answers to many short messages of a chunk cost so little that looking at the clock each time is felt.
const LOOKS_IN_CHUNK: u8 = 4;

/// How many of those that began to wait in the last turn are looked at for one that waits since then.
const LOOKED_AT: usize = 8;

/// What to do with a frame that was just added to an outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Write it, and what waits before it.
    Now,
    /// It waits until the batch of turns has come to its end, or the next pause in it.
    WithBatch,
    /// It waits until the tick ends.
    WithTick,
}

/// What a connection has to remember: the tick in which it was last written to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    tick: u32,
    /// How often in it.
    frames: u8,
    /// Whether the tick that last had a frame for many had several.
    had_several: bool,
}

/// The moments for all connections of one environment.
#[derive(Debug)]
pub struct Schedule {
    /// The number of the tick, or of the turn, that runs. It may come again after four billion
    /// others, and would then have a first frame wait for the end of its tick.
    tick: u32,
    in_turn: bool,
    /// Whether another socket of the batch waits for its turn.
    more_turns: bool,
    /// How many wait since earlier turns of the batch, in the last one.
    ahead: usize,
    /// Who has frames that wait, in the order of the first of them.
    waiting: Vec<Id>,
    /// When the first of them began to wait.
    since: Duration,
    /// Nothing waits any more.
    exits: bool,
    /// Somebody will say when the tick ends.
    awaits_end: bool,
    /// How many frames were sent since somebody looked whether others have waited for long enough.
    unlooked: u8,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            tick: 1,
            in_turn: false,
            more_turns: false,
            ahead: 0,
            waiting: Vec::new(),
            since: Duration::ZERO,
            exits: false,
            awaits_end: false,
            unlooked: 0,
        }
    }
}

impl Schedule {
    /// A socket has its turn; `more` says that another one of the batch waits for its own.
    pub const fn begin_turn(&mut self, more: bool) {
        self.in_turn = true;
        self.more_turns = more;
        self.ahead = if more { 0 } else { self.waiting.len() };
    }

    /// The turn is over, with all that it led to.
    pub const fn end_turn(&mut self) {
        self.in_turn = false;
        self.more_turns = false;
        self.end_tick();
    }

    /// The tick is over, or has paused for so long that what follows is as another one.
    pub const fn end_tick(&mut self) {
        self.tick = self.tick.wrapping_add(1);
    }

    /// A frame was sent: whether somebody is to be asked to say when the tick ends, with
    /// [`end_awaited_tick`](Self::end_awaited_tick). Turns end by themselves.
    pub const fn asks_for_end(&mut self) -> bool {
        !self.in_turn && !std::mem::replace(&mut self.awaits_end, true)
    }

    /// Somebody will say when the tick ends without being asked.
    pub const fn await_end(&mut self) {
        self.awaits_end = true;
    }

    /// Who was asked to says that the tick is over.
    pub const fn end_awaited_tick(&mut self) {
        self.awaits_end = false;
        self.end_tick();
    }

    /// What is sent next is sent in another tick, unless the end of this one is yet to be told of.
    pub const fn begin_apart(&mut self) {
        if !self.awaits_end {
            self.end_tick();
        }
    }

    /// While the process exits, what comes is written at once: neither the tick nor the turn ends.
    pub const fn set_exits(&mut self, exits: bool) {
        self.exits = exits;
    }

    /// Whether nothing waits any more.
    #[must_use]
    pub const fn exits(&self) -> bool {
        self.exits
    }

    /// Whether the next frame goes to the kernel at once: past the I/O thread that its socket may be on, or, as the
    /// process exits, whatever its socket waits for.
    #[must_use]
    pub const fn writes_at_once(&self, frames: AtOnce, is_threaded: bool) -> bool {
        (is_threaded && frames.allows(self.in_turn)) || self.exits
    }

    /// Whether a connection was not written to in this tick.
    #[must_use]
    pub const fn is_first_in_tick(&self, pace: Pace) -> bool {
        pace.tick != self.tick
    }

    /// Whether frames have waited long enough for others, if any wait. In the middle of a chunk that is longer: what is
    /// answered to several of its messages is written together. `is_fresh` says without a clock that they began to wait
    /// just now; `now` is asked only if they did not.
    pub fn is_overdue(
        &self,
        in_chunk: bool,
        is_fresh: impl FnOnce() -> bool,
        now: impl FnOnce() -> Duration,
    ) -> bool {
        let most = if in_chunk {
            MAX_DELAY_IN_CHUNK
        } else {
            MAX_DELAY
        };
        self.has_waiting() && !is_fresh() && now().saturating_sub(self.since) >= most
    }

    /// So many frames were sent, and nobody looked whether others are overdue.
    pub const fn note_unlooked(&mut self, frames: u8) {
        self.unlooked = self.unlooked.saturating_add(frames);
    }

    /// Whether somebody is to look whether frames are overdue, behind one that was sent, in the middle of a chunk or
    /// not.
    pub const fn is_to_look(&mut self, in_chunk: bool) -> bool {
        self.note_unlooked(1);
        let looks = !in_chunk || self.unlooked >= LOOKS_IN_CHUNK;
        if looks {
            self.unlooked = 0;
        }
        looks
    }

    /// Whether a socket has its turn.
    #[must_use]
    pub const fn is_in_turn(&self) -> bool {
        self.in_turn
    }

    /// Whether another socket of the batch waits for its turn.
    #[must_use]
    pub const fn has_more_turns(&self) -> bool {
        self.more_turns
    }

    /// Whether any frames wait.
    #[must_use]
    pub const fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When to write what waits in the outbox of `id`, now that it has `len` bytes; `before` is how
    /// many it had, `more_messages` says that other messages of the same chunk are yet to be handed
    /// out, and the first `at_once` frames of a tick do not wait.
    pub fn moment(
        &mut self,
        id: Id,
        pace: &mut Pace,
        (before, len): (u64, u64),
        (more_messages, at_once): (bool, u8),
        now: impl FnOnce() -> Duration,
    ) -> Moment {
        let in_batch = self.in_turn && (self.more_turns || self.goes_behind(id, before));
        let most = if self.exits {
            0
        } else if more_messages || in_batch {
            JOINED_IN_BATCH
        } else if if self.is_first_in_tick(*pace) {
            at_once > 0
        } else {
            pace.frames < at_once
        } {
            0
        } else {
            JOINED
        };
        if len >= most {
            pace.frames = if self.is_first_in_tick(*pace) {
                1
            } else {
                pace.frames.saturating_add(1)
            };
            pace.tick = self.tick;
            return Moment::Now;
        }
        if before == 0 {
            if self.waiting.is_empty() {
                self.since = now();
            }
            self.waiting.push(id);
        }
        if self.in_turn {
            Moment::WithBatch
        } else {
            Moment::WithTick
        }
    }

    /// Whether a frame of the batch's last turn goes behind those of earlier ones: their peers are answered in that
    /// order. With a frame that waits since then it is written at once.
    fn goes_behind(&self, id: Id, before: u64) -> bool {
        let since = self.waiting.get(self.ahead..).unwrap_or_default();
        let last = since.len().saturating_sub(LOOKED_AT);
        self.ahead > 0 && (before == 0 || since[last..].contains(&id))
    }

    /// How many frames of the tick do not wait if the next is one for many; `before` is how much
    /// waits. That is the first, so that it is on its way soon, unless there were several when there
    /// last was one: then they are written together.
    pub const fn at_once_for_many(&self, pace: &mut Pace, before: u64) -> u8 {
        let is_first = self.is_first_in_tick(*pace) && before == 0;
        let had_several = std::mem::replace(&mut pace.had_several, !is_first);
        (is_first && !had_several) as u8
    }

    /// Those whose frames wait, who are to be written to now. Each may have nothing any more.
    pub fn take_waiting(&mut self) -> Vec<Id> {
        self.ahead = 0;
        std::mem::take(&mut self.waiting)
    }

    /// Gives the memory of a list back for the next one.
    pub fn give_back(&mut self, mut list: Vec<Id>) {
        if self.waiting.capacity() == 0 {
            list.clear();
            self.waiting = list;
        }
    }
}

#[cfg(test)]
mod tests;
