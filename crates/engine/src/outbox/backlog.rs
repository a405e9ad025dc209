//! What few outboxes have: payloads that are lent, frames that are tracked, a wire that is full.

use std::collections::VecDeque;

use super::fates::{Fate, Fates};
use super::lent::Lent;
use super::segment::Segment;

/// The most slices for one write.
pub(super) const MAX_SLICES: usize = 16;

#[derive(Debug)]
pub(super) struct Backlog<P> {
    segments: VecDeque<Segment<P>>,
    /// The tracked frames that wait.
    tracked: VecDeque<Tracked>,
    /// While the wire is full: where the bytes begin and end that it was given at once. Node counts
    /// all of them until the last is written.
    pub(super) unit: (u64, u64),
}

#[derive(Debug)]
struct Tracked {
    /// Where the frame ends in the bytes that were accepted.
    end: u64,
    /// Its payload was taken away: it ends where it began.
    taken_away: bool,
}

impl<P> Default for Backlog<P> {
    fn default() -> Self {
        Self {
            segments: VecDeque::new(),
            tracked: VecDeque::new(),
            unit: (0, 0),
        }
    }
}

impl<P: Lent> Backlog<P> {
    pub(super) fn push(&mut self, segment: Segment<P>) {
        self.segments.push_back(segment);
    }

    pub(super) fn push_front(&mut self, segment: Segment<P>) {
        self.segments.push_front(segment);
    }

    pub(super) fn has_segments(&self) -> bool {
        !self.segments.is_empty()
    }

    /// How many bytes wait of the first segment, if others have the same.
    pub(super) fn next_shared(&self) -> usize {
        match self.segments.front() {
            Some(segment @ Segment::Shared { .. }) => segment.waiting(),
            _ => 0,
        }
    }

    /// Whether some of the first `len` bytes are of a payload that is lent.
    pub(super) fn lends(&self, len: usize) -> bool {
        let mut before = 0;
        for segment in &self.segments {
            if before >= len {
                break;
            }
            if matches!(segment, Segment::Lent(_)) {
                return true;
            }
            before += segment.waiting();
        }
        false
    }

    /// Asks for the fate of the frame that ends at `end`.
    pub(super) fn track(&mut self, end: u64) {
        self.tracked.push_back(Tracked {
            end,
            taken_away: false,
        });
    }

    /// How many tracked frames end in what the wire was given at once.
    pub(super) fn tracked_under_way(&self) -> usize {
        let (_, end) = self.unit;
        self.tracked
            .iter()
            .take_while(|frame| frame.end <= end)
            .count()
    }

    pub(super) fn is_tracking(&self) -> bool {
        !self.tracked.is_empty()
    }

    /// Whether a tracked frame ends at `gone` or before.
    pub(super) fn tracks_up_to(&self, gone: u64) -> bool {
        self.tracked.front().is_some_and(|frame| frame.end <= gone)
    }

    /// Calls `add` with the bytes of the segments; `false` when that wants no more.
    pub(super) fn each_slice<'a>(&'a self, add: &mut dyn FnMut(&'a [u8]) -> bool) -> bool {
        self.segments.iter().all(|segment| match segment.slices() {
            Some((first, second)) => add(first) && add(second),
            // What is before it goes first.
            None => false,
        })
    }

    /// Takes `len` bytes off the front; returns how many are left of them.
    pub(super) fn advance(&mut self, len: usize) -> usize {
        let mut rest = len;
        while rest > 0
            && let Some(segment) = self.segments.front_mut()
        {
            let step = rest.min(segment.waiting());
            segment.advance(step);
            rest -= step;
            if segment.waiting() == 0 {
                self.segments.pop_front();
            }
        }
        rest
    }

    /// Looks at the lent payloads whose turn has come, from `gone` on. A message that lost its own
    /// before a byte of it was written is dropped; returns how many bytes these were. `None` if the
    /// next would be another's, without which the peer would not understand what is behind it.
    pub(super) fn drop_what_was_taken_away(&mut self, gone: u64) -> Option<u64> {
        let mut offset = gone;
        let mut dropped = 0;
        let mut index = 0;
        while index < MAX_SLICES
            && let Some(segment) = self.segments.get(index)
        {
            let waiting = segment.waiting() as u64;
            if segment.slices().is_some() {
                offset += waiting;
                index += 1;
                continue;
            }
            if !segment.can_be_left_out() {
                if index == 0 {
                    return None;
                }
                break;
            }
            self.segments.remove(index);
            self.shorten(offset, waiting);
            dropped += waiting;
        }
        Some(dropped)
    }

    /// Notes the fates of what is written, up to `gone`.
    pub(super) fn settle(&mut self, gone: u64, fates: &mut Fates) {
        while let Some(next) = self.tracked.front()
            && next.end <= gone
        {
            fates.push(if next.taken_away {
                Fate::TakenAway
            } else {
                Fate::Written
            });
            self.tracked.pop_front();
        }
    }

    /// Notes the fates of all that waits, as it is not going to be written.
    pub(super) fn lose(&self, fates: &mut Fates) {
        for frame in &self.tracked {
            fates.push(if frame.taken_away {
                Fate::TakenAway
            } else {
                Fate::Lost
            });
        }
    }

    /// All bytes of the segments, `len`, and of `tail`, unless a payload was taken away, be it one
    /// whose frame was dropped already: another writer would report that as written.
    pub(super) fn join(&self, tail: Vec<u8>, len: u64) -> Option<Vec<u8>> {
        if self.tracked.iter().any(|frame| frame.taken_away) {
            return None;
        }
        if self.segments.is_empty() {
            return Some(tail);
        }
        let mut all = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
        for segment in &self.segments {
            let (first, second) = segment.slices()?;
            all.extend_from_slice(first);
            all.extend_from_slice(second);
        }
        all.extend_from_slice(&tail);
        Some(all)
    }

    /// What begins at `at` has become longer.
    pub(super) fn resize(&mut self, at: u64, by: i64) {
        let ends = self.tracked.iter_mut().map(|frame| &mut frame.end);
        for end in ends.chain([&mut self.unit.0, &mut self.unit.1]) {
            if *end > at {
                *end = end.wrapping_add_signed(by);
            }
        }
    }

    /// Bytes come before all that waits.
    pub(super) fn lengthen(&mut self, len: u64) {
        for frame in &mut self.tracked {
            frame.end += len;
        }
        self.unit.1 += len;
    }

    /// The frame is dropped that lies at `start` and has `len` bytes.
    fn shorten(&mut self, start: u64, len: u64) {
        for frame in &mut self.tracked {
            if frame.end == start + len {
                frame.taken_away = true;
            }
            if frame.end > start {
                frame.end -= len;
            }
        }
        if start < self.unit.1 {
            self.unit.1 -= len;
        }
    }
}
