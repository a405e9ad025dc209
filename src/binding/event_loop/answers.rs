//! Pings that an I/O thread answers.

use ws_rs_protocol::PingResponder;
use ws_rs_wire::Responder;

/// What the protocol knows of pings, for the wire.
#[derive(Debug)]
pub(super) struct Answers(pub(super) PingResponder);

impl Responder for Answers {
    fn can_answer(&self) -> bool {
        self.0.can_answer()
    }

    fn read(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> usize {
        self.0.read(bytes, answers)
    }

    fn leave(&mut self, count: usize) {
        self.0.leave(count);
    }

    fn written(&mut self, bytes: &[u8]) {
        self.0.written(bytes);
    }
}
