//! What an I/O thread does for a connection on the way: it answers pings, and inflates and deflates
//! messages.

use std::cell::RefCell;

use ws_rs_engine::compression::{Coder, Task, Tried};
use ws_rs_protocol::{Frame, Inflate, PingResponder, encode_frame};
use ws_rs_wire::{Pack, Passed, Responder};

use super::super::frame::frame_of;

/// What the protocol knows of pings and compressed messages, for the wire.
#[derive(Debug)]
pub(crate) struct Answers(pub(crate) PingResponder);

impl Responder for Answers {
    fn can_answer(&self) -> bool {
        self.0.can_answer()
    }

    fn can_ask(&self) -> bool {
        self.0.can_ask()
    }

    fn is_answer(&self, bytes: &[u8], question: &[u8]) -> bool {
        const HEADER: usize = 2;
        self.0
            .is_answer(bytes, &question[HEADER.min(question.len())..])
    }

    fn read(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> usize {
        self.0.read(bytes, answers)
    }

    fn passes(&self) -> bool {
        self.0.inflates()
    }

    fn pass(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Passed {
        let passed = self.0.pass(bytes, answers);
        Passed {
            bytes: passed.bytes,
            inflated: passed.inflated,
            questions: passed.pings,
        }
    }

    fn stop_passing(&mut self) -> Vec<u8> {
        self.0.stop_inflating()
    }

    fn leave(&mut self, count: usize) {
        self.0.leave(count);
    }

    fn written(&mut self, bytes: &[u8]) {
        self.0.written(bytes);
    }
}

/// Inflates what a connection receives.
#[derive(Debug)]
pub(crate) struct Inflating {
    pub(crate) coder: Coder,
    pub(crate) task: Task,
}

impl Inflate for Inflating {
    fn inflate(&mut self, before: u64, payload: &[u8], out: &mut Vec<u8>) -> bool {
        self.coder.inflate(before, payload, self.task, out) == Tried::Done
    }
}

/// Deflates one message that a connection sends.
#[derive(Debug)]
pub(crate) struct Deflating {
    pub(crate) coder: Coder,
    pub(crate) task: Task,
}

impl Pack for Deflating {
    fn pack(&self, bytes: &[u8], out: &mut Vec<u8>) -> bool {
        thread_local! {
            static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let Some((first, payload)) = bytes.split_first() else {
            return false;
        };
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.clear();
            if self.coder.deflate(payload, self.task, scratch).is_err() {
                return false;
            }
            let frame = Frame {
                rsv1: true,
                ..frame_of(u32::from(*first))
            };
            encode_frame(&frame, scratch, out);
            true
        })
    }
}
