//! What a connection is told to send: frames are appended to a buffer of the caller's.

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::close::write_close_payload;
use crate::connection::Connection;
use crate::frame::{Frame, encode_frame};
use crate::store::PayloadStore;

impl<S: PayloadStore> Connection<S> {
    /// Appends a data frame to `out`.
    ///
    /// `opcode` is [`Data::Continue`] for all but the first frame of a message; `rsv1` marks a
    /// compressed message on its first frame; a client gives a fresh random `mask`.
    pub fn send_message(
        &self,
        opcode: Data,
        payload: &[u8],
        (fin, rsv1): (bool, bool),
        mask: Option<[u8; 4]>,
        out: &mut Vec<u8>,
    ) {
        let frame = Frame {
            fin,
            rsv1,
            opcode: OpCode::Data(opcode),
            mask,
        };
        encode_frame(&frame, payload, out);
    }

    /// Appends a ping to `out`; the payload is at most 125 bytes (RFC 6455, section 5.5).
    pub fn send_ping(&self, payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
        send_control(Control::Ping, payload, mask, out);
    }

    /// Appends a pong to `out`; the payload is at most 125 bytes.
    pub fn send_pong(&self, payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
        send_control(Control::Pong, payload, mask, out);
    }

    /// Appends a close frame to `out`; without a code it is empty, the reason is at most 123 bytes.
    pub fn send_close(
        &self,
        code: Option<u16>,
        reason: &[u8],
        mask: Option<[u8; 4]>,
        out: &mut Vec<u8>,
    ) {
        let mut payload = Vec::with_capacity(2 + reason.len());
        write_close_payload(code, reason, &mut payload);
        send_control(Control::Close, &payload, mask, out);
    }
}

fn send_control(opcode: Control, payload: &[u8], mask: Option<[u8; 4]>, out: &mut Vec<u8>) {
    let frame = Frame {
        fin: true,
        rsv1: false,
        opcode: OpCode::Control(opcode),
        mask,
    };
    encode_frame(&frame, payload, out);
}
