//! The connections with a heartbeat, and fast ways to those whose moment has come.

use crate::registry::{Id, Registry};

/// What can be seen of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signs {
    /// Another number than before if anything was received since.
    pub heard: u64,
    /// If the wire takes no more: another number than before if it has taken something since, in which case the peer
    /// has read.
    pub blocked: Option<u64>,
    /// Nothing is expected of the peer, as it cannot be asked or nobody reads what it sends.
    pub is_excused: bool,
}

/// The heartbeat of one connection. Times are in microseconds.
#[derive(Debug)]
pub(super) struct Beat {
    pub(super) id: Id,
    pub(super) token: u64,
    pub(super) interval: u64,
    pub(super) timeout: u64,
    pub(super) delegates: bool,
    /// When somebody last looked and found that it had been heard.
    pub(super) since: u64,
    /// What was last seen.
    pub(super) signs: Signs,
    /// It has a ping to answer until then.
    pub(super) deadline: Option<u64>,
}

/// All of them, in no order.
#[derive(Debug, Default)]
pub(super) struct Beats {
    /// When each is to be looked at. They are apart, as all of them are gone through each time.
    dues: Vec<u64>,
    beats: Vec<Beat>,
    /// Where each is in those, by the slot of its number.
    places: Vec<u32>,
}

const NOWHERE: u32 = u32::MAX;

impl Beats {
    /// Adds one; nobody else is in the slot of its number.
    pub(super) fn insert(&mut self, beat: Beat, due: u64) {
        let slot = slot_of(beat.id);
        if self.places.len() <= slot {
            self.places.resize(slot + 1, NOWHERE);
        }
        self.places[slot] = self.beats.len() as u32;
        self.beats.push(beat);
        self.dues.push(due);
    }

    /// Who is in the slot of a number.
    pub(super) fn in_slot_of(&self, id: Id) -> Option<Id> {
        let place = *self.places.get(slot_of(id))? as usize;
        self.beats.get(place).map(|beat| beat.id)
    }

    /// One of them, and when it is to be looked at.
    pub(super) fn get_mut(&mut self, id: Id) -> Option<(&mut Beat, &mut u64)> {
        let place = self.place_of(id)?;
        Some((&mut self.beats[place], &mut self.dues[place]))
    }

    pub(super) fn remove(&mut self, id: Id) {
        let Some(place) = self.place_of(id) else {
            return;
        };
        self.places[slot_of(id)] = NOWHERE;
        self.beats.swap_remove(place);
        self.dues.swap_remove(place);
        if let Some(moved) = self.beats.get(place) {
            self.places[slot_of(moved.id)] = place as u32;
        }
    }

    /// Gives those whose moment has come; returns when the first of the others is to be looked at.
    pub(super) fn collect_due(&self, now: u64, due: &mut Vec<Id>) -> u64 {
        let mut next = u64::MAX;
        for (place, at) in self.dues.iter().enumerate() {
            if *at <= now {
                due.push(self.beats[place].id);
            } else {
                next = next.min(*at);
            }
        }
        next
    }

    fn place_of(&self, id: Id) -> Option<usize> {
        let place = *self.places.get(slot_of(id))? as usize;
        (self.beats.get(place)?.id == id).then_some(place)
    }
}

fn slot_of(id: Id) -> usize {
    Registry::<()>::slot(id) as usize
}
