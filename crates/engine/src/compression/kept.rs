//! Which connections keep a compressor between two messages.

use super::codec::Shared;
use super::state::State;
use crate::registry::{Id, Registry};

/// How many connections with context takeover do. One more gets the compressor of another, which begins its next
/// message with the last few KiB that it sent as its dictionary.
const MOST: usize = 256;

/// Codecs that keep a compressor, in the order of a clock's face.
#[derive(Debug, Default)]
pub(super) struct Kept {
    ids: Vec<Id>,
    hand: usize,
}

impl Kept {
    /// Notes that codec `id` keeps its compressor.
    ///
    /// # Returns
    /// The one that had to make room for it.
    pub(super) fn add(&mut self, id: Id, codecs: &mut Registry<Shared>) -> Option<State> {
        let evicted = if self.ids.len() >= MOST {
            self.evict(codecs)
        } else {
            None
        };
        self.ids.push(id);
        evicted
    }

    /// Codec `id` keeps nothing any more.
    pub(super) fn forget(&mut self, id: Id) {
        if let Some(index) = self.ids.iter().position(|kept| *kept == id) {
            self.ids.swap_remove(index);
        }
    }

    /// Takes the compressor of a codec that was not used since the clock's hand last passed it.
    fn evict(&mut self, codecs: &mut Registry<Shared>) -> Option<State> {
        // Twice around: the first may find all of them used.
        for _ in 0..2 * self.ids.len() {
            self.hand = (self.hand + 1) % self.ids.len();
            let Some(codec) = codecs.get_mut(self.ids[self.hand]) else {
                self.ids.swap_remove(self.hand);
                return None;
            };
            // A codec that a thread works for is in use.
            let Ok(mut codec) = codec.try_lock() else {
                continue;
            };
            if codec.used {
                codec.used = false;
            } else if !codec.is_busy()
                && let Some(state) = codec.state.take()
            {
                codec.kept = false;
                drop(codec);
                self.ids.swap_remove(self.hand);
                return Some(state);
            }
        }
        None
    }

    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.ids.len()
    }
}
