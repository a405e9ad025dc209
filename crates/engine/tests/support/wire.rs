//! One direction of a wire in memory: bytes in flight, and faults that are told beforehand.

use std::collections::VecDeque;

use ws_rs_engine::outbox::Taken;

/// What the next write meets.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It takes no more than so many bytes.
    Short(usize),
    /// It takes none.
    Blocked,
}

#[derive(Debug)]
pub struct Wire {
    in_flight: VecDeque<u8>,
    /// The most bytes in flight.
    pub capacity: usize,
    pub faults: VecDeque<Fault>,
    /// A reset: writes fail with this system error number.
    pub broken: Option<i32>,
    /// All bytes that it ever took.
    pub taken: u64,
    /// How often it took some.
    pub writes: usize,
}

impl Wire {
    pub fn new(capacity: usize) -> Self {
        Self {
            in_flight: VecDeque::new(),
            capacity,
            faults: VecDeque::new(),
            broken: None,
            taken: 0,
            writes: 0,
        }
    }

    pub fn write(&mut self, slices: &[&[u8]]) -> Taken {
        if let Some(error) = self.broken {
            return Taken::Failed(error);
        }
        let mut most = match self.faults.pop_front() {
            Some(Fault::Short(most)) => most,
            Some(Fault::Blocked) => 0,
            None => usize::MAX,
        };
        most = most.min(self.capacity.saturating_sub(self.in_flight.len()));
        let mut len = 0;
        for slice in slices {
            let part = &slice[..slice.len().min(most - len)];
            self.in_flight.extend(part);
            len += part.len();
        }
        if len == 0 {
            return Taken::Blocked;
        }
        self.writes += 1;
        self.taken += len as u64;
        Taken::Bytes(len)
    }

    /// What the peer reads of it, at most `most` bytes.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        let len = most.min(self.in_flight.len());
        self.in_flight.drain(..len).collect()
    }

    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// A reset: of what is in flight the peer gets `kept` bytes.
    pub fn reset(&mut self, error: i32, kept: usize) {
        self.broken = Some(error);
        self.in_flight.truncate(kept);
    }
}
