//! Events of the protocol, as rows.

use ws_rs_engine::decoding::Sink;
use ws_rs_protocol::{Close, CompressedFrame, Message, Payload, ProtocolError};

use super::buffer::BufferStore;
use super::rows::Rows;
use crate::numbers::frame::{BINARY, CLOSE, PING, PONG, TEXT};
use crate::numbers::row::{COMPRESSED, INFLATED};

impl Sink<BufferStore> for Rows<'_> {
    fn is_full(&self) -> bool {
        !self.has_room()
    }

    fn message(&mut self, message: &Message<BufferStore>) {
        let kind = kind_of(message.binary);
        self.push(kind, Some(&message.payload), 0, message.frames);
    }

    fn inflated(&mut self, binary: bool, payload: &Payload<BufferStore>) {
        self.push(kind_of(binary) | INFLATED, Some(payload), 0, 1);
    }

    fn compressed(&mut self, frame: &CompressedFrame<BufferStore>) {
        self.push(COMPRESSED, Some(&frame.payload), 0, u32::from(frame.fin));
    }

    fn ping(&mut self, payload: &Payload<BufferStore>) {
        self.push(PING, Some(payload), 0, 0);
    }

    fn pong(&mut self, payload: &Payload<BufferStore>) {
        self.push(PONG, Some(payload), 0, 0);
    }

    fn close(&mut self, close: &Close<BufferStore>) {
        self.push(CLOSE, Some(&close.payload), 2, u32::from(close.code));
    }

    fn error(&mut self, error: ProtocolError) {
        self.push_error(error);
    }
}

/// The kind of a message's row.
pub(crate) const fn kind_of(binary: bool) -> u32 {
    if binary { BINARY } else { TEXT }
}
