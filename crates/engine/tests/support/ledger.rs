//! What the program at one end sent, and what it knows of it.

use ws_rs_engine::outbox::Fate;
use ws_rs_protocol::{Event, Input, Message};

use super::Payload;

/// An event with its bytes; a pong is a ping here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(Vec<u8>),
}

impl Seen {
    pub fn of(event: Event<Vec<u8>>, input: &Input<'_>) -> Self {
        match event {
            Event::Message(Message {
                binary, payload, ..
            }) => {
                let bytes = input.payload(&payload).to_vec();
                if binary {
                    Self::Binary(bytes)
                } else {
                    Self::Text(bytes)
                }
            }
            Event::Ping(payload) | Event::Pong(payload) => {
                Self::Ping(input.payload(&payload).to_vec())
            }
            Event::Close(close) => Self::Close(input.payload(&close.payload).to_vec()),
            Event::Compressed(_) => panic!("it is inflated first"),
        }
    }
}

/// A frame, or a part of one.
#[derive(Debug)]
pub struct Entry {
    /// Bytes that the wire is to take for it.
    pub len: u64,
    /// What it completes.
    pub event: Option<Seen>,
    pub is_tracked: bool,
    /// What it is made of, if that was lent, and whether it is a message of its own.
    pub payload: Option<(Payload, bool)>,
}

#[derive(Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    fates: Vec<Option<Fate>>,
    has_arrived: Vec<bool>,
    /// The first whose fate is not known, and the bytes of those before it that the wire took.
    settled: (usize, u64),
    /// The first that may arrive next.
    next: usize,
}

impl Ledger {
    pub fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
        self.fates.push(None);
        self.has_arrived.push(false);
    }

    /// The lent payload that was sent last but `back`.
    pub fn payload(&self, back: usize) -> Option<&Payload> {
        let entries = self.entries.iter().rev();
        let mut lent = entries.filter_map(|entry| entry.payload.as_ref());
        lent.nth(back).map(|(payload, _)| payload)
    }

    /// The callbacks of what has no fate yet are another writer's.
    pub fn untrack_rest(&mut self) {
        for entry in &mut self.entries[self.settled.0..] {
            entry.is_tracked = false;
        }
    }

    /// The peer has seen this.
    pub fn arrive(&mut self, seen: &Seen) {
        let rest = self.next..self.entries.len();
        let at = rest
            .into_iter()
            .find(|at| {
                self.entries[*at].event.is_some() && self.fates[*at] != Some(Fate::TakenAway)
            })
            .expect("nothing arrives that was not sent");
        let event = self.entries[at].event.as_ref();
        assert_eq!(event, Some(seen), "in order and unchanged");
        assert_ne!(self.fates[at], Some(Fate::Lost), "it was lost");
        self.has_arrived[at] = true;
        self.next = at + 1;
    }

    /// The program is told the fate of the next tracked frame. The wire has taken `wire_taken` bytes
    /// in all; `is_broken`: it is, or the connection was destroyed.
    pub fn settle(&mut self, fate: Fate, wire_taken: u64, is_broken: bool) {
        let (mut at, mut taken) = self.settled;
        while !self.entries[at].is_tracked {
            taken += self.entries[at].len;
            at += 1;
        }
        assert_eq!(self.fates[at].replace(fate), None, "one fate each");
        match fate {
            Fate::Written => {
                taken += self.entries[at].len;
                assert!(wire_taken >= taken, "written before it was taken");
            }
            Fate::Lost => {
                assert!(!self.has_arrived[at], "what arrived is not lost");
                assert!(is_broken, "lost on a whole connection");
            }
            Fate::TakenAway => {
                let (payload, is_message) = self.entries[at].payload.as_ref().expect("lent");
                assert!(payload.was_short(), "nobody took it away");
                assert!(is_message, "a part of a message is not left out");
            }
        }
        self.settled = (at + 1, taken);
    }

    /// What holds when all was written, or lost. `wire_taken` is what the wire has taken in all, if
    /// nothing broke it; `is_read`: the peer has read it all.
    pub fn check_end(&self, wire_taken: Option<u64>, is_read: bool) {
        let mut taken = 0;
        for (at, entry) in self.entries.iter().enumerate() {
            let fate = self.fates[at];
            assert_eq!(fate.is_some(), entry.is_tracked, "one fate each");
            if let Some((payload, _)) = &entry.payload {
                assert_eq!(payload.references(), 0, "it is given back");
            }
            if wire_taken.is_none() || fate == Some(Fate::TakenAway) {
                continue;
            }
            assert_ne!(fate, Some(Fate::Lost), "nothing is lost");
            let may_be_missing = entry.event.is_none() || !is_read;
            assert!(may_be_missing || self.has_arrived[at], "it arrives");
            taken += entry.len;
        }
        if let Some(wire_taken) = wire_taken {
            assert_eq!(wire_taken, taken, "each byte once");
        }
    }
}
