//! Frames that many connections get: what waits of one is kept once for all of them.

use std::sync::Arc;

use super::lent::Lent;
use super::segment::Segment;
use super::{Outbox, Taken, Written};

/// Shorter frames are copied where they wait: a segment of its own takes as much memory, and a slice
/// of each write.
const COPIED: usize = 256;

impl<P: Lent> Outbox<P> {
    /// Adds a whole frame, for a later [`write`](Self::write); `spare` gives memory to append to
    /// where there is none.
    pub fn push_shared(&mut self, frame: &Arc<[u8]>, spare: impl FnOnce() -> Vec<u8>) {
        if frame.len() < COPIED {
            self.append(spare, |tail| tail.extend_from_slice(frame));
        } else {
            self.accepted += frame.len() as u64;
            self.push(Segment::Shared {
                frame: Arc::clone(frame),
                done: 0,
            });
        }
    }

    /// How many bytes wait of the frame that is next, if others have it, too.
    #[must_use]
    pub fn next_shared(&self) -> usize {
        self.backlog
            .as_ref()
            .map_or(0, |backlog| backlog.next_shared())
    }

    /// Writes what waits and a whole frame behind it, in one go and from where it lies. What the wire
    /// does not take of it waits there.
    pub fn write_shared(
        &mut self,
        frame: &Arc<[u8]>,
        wire: &mut dyn FnMut(&[&[u8]]) -> Taken,
    ) -> Written {
        self.accepted += frame.len() as u64;
        let mut through = Some((&[] as &[u8], &frame[..]));
        let written = self.write_with(&mut through, wire);
        if let (Written::Blocked, Some((_, rest))) = (written, through)
            && !rest.is_empty()
        {
            self.push(Segment::Shared {
                frame: Arc::clone(frame),
                done: frame.len() - rest.len(),
            });
        }
        written
    }
}
