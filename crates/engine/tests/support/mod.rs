//! What the test files share: payloads that can be taken away, and wires that do as they are told.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file is a crate of its own and uses a part"
)]

pub mod compressor;
pub mod end;
pub mod ledger;
pub mod memory;
pub mod pair;
pub mod random;
pub mod reader;
pub mod side;
pub mod threads;
pub mod wire;

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

use ws_rs_engine::outbox::{Fate, Lent, Outbox, Taken, Written};

/// A payload of a program, which can change it at any time. It is given back when the last clone is
/// gone.
#[derive(Debug, Clone)]
pub struct Payload(Rc<Memory>);

#[derive(Debug)]
struct Memory {
    bytes: Vec<u8>,
    len: Cell<usize>,
    was_short: Cell<bool>,
}

impl Payload {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Rc::new(Memory {
            bytes: bytes.to_vec(),
            len: Cell::new(bytes.len()),
            was_short: Cell::new(false),
        }))
    }

    /// As a program that detaches, shrinks or extends it.
    pub fn resize(&self, len: usize) {
        self.0.len.set(len.min(self.0.bytes.len()));
        if len < self.0.bytes.len() {
            self.0.was_short.set(true);
        }
    }

    /// All of it, before anything was taken away.
    pub fn whole(&self) -> &[u8] {
        &self.0.bytes
    }

    /// Whether it was ever shorter than it had been.
    pub fn was_short(&self) -> bool {
        self.0.was_short.get()
    }

    /// How many others have it.
    pub fn references(&self) -> usize {
        Rc::strong_count(&self.0) - 1
    }
}

impl Lent for Payload {
    fn bytes(&self) -> &[u8] {
        &self.0.bytes[..self.0.len.get()]
    }
}

/// A wire that answers as it was told, and then takes all.
#[derive(Debug, Default)]
pub struct Script {
    answers: VecDeque<Taken>,
    /// What it has taken.
    pub taken: Vec<u8>,
    /// The slices of each write, as lengths.
    pub writes: Vec<Vec<usize>>,
}

impl Script {
    pub fn new(answers: &[Taken]) -> Self {
        Self {
            answers: answers.iter().copied().collect(),
            ..Self::default()
        }
    }

    pub fn then(&mut self, answers: &[Taken]) {
        self.answers = answers.iter().copied().collect();
    }

    pub fn write(&mut self, slices: &[&[u8]]) -> Taken {
        self.writes.push(slices.iter().map(|s| s.len()).collect());
        let all = slices.concat();
        let answer = self.answers.pop_front().unwrap_or(Taken::Bytes(usize::MAX));
        if let Taken::Bytes(len) | Taken::Handed(len) = answer {
            let len = len.min(all.len());
            self.taken.extend_from_slice(&all[..len]);
            return match answer {
                Taken::Handed(_) => Taken::Handed(len),
                _ => Taken::Bytes(len),
            };
        }
        answer
    }
}

/// The header of a binary message with 5 bytes.
pub const MESSAGE: &[u8] = b"\x82\x05";

/// Sends a short frame.
pub fn append(outbox: &mut Outbox<Payload>, bytes: &[u8]) {
    outbox.append(Vec::new, |out| out.extend_from_slice(bytes));
}

/// Writes what waits.
pub fn write(outbox: &mut Outbox<Payload>, wire: &mut Script) -> Written {
    outbox.write(&mut |slices| wire.write(slices))
}

/// Sends a payload of 5 bytes, and writes it past the queue if it can.
pub fn write_through(
    outbox: &mut Outbox<Payload>,
    payload: &Payload,
    wire: &mut Script,
) -> Written {
    let lend = || Some(payload.clone());
    outbox.write_through(MESSAGE, payload.bytes(), lend, &mut |s| wire.write(s))
}

/// All fates that are known.
pub fn fates<P: Lent>(outbox: &mut Outbox<P>) -> Vec<Fate> {
    std::iter::from_fn(|| outbox.poll_fate()).collect()
}
