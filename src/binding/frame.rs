//! What the first byte of a frame says.

use ws_rs_protocol::{Frame, OpCode};

use crate::numbers::frame::{FIN, OPCODE, RSV1};

/// An unmasked frame with such a first byte (RFC 6455, section 5.2).
pub(crate) fn frame_of(first: u32) -> Frame {
    Frame {
        fin: first & FIN != 0,
        rsv1: first & RSV1 != 0,
        opcode: OpCode::from((first & OPCODE) as u8),
        mask: None,
    }
}
