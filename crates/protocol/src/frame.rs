//! Frames on their way out (RFC 6455, section 5.2).

use tungstenite::protocol::frame::coding::OpCode;

use crate::mask::apply_mask;

/// The longest header: two bytes, an eight-byte length, a masking key.
pub const MAX_HEADER_LEN: usize = 14;

/// What a header says beside the length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Whether this frame ends its message.
    pub fin: bool,
    /// Whether the message is compressed (RFC 7692, section 6); set on its first frame only.
    pub rsv1: bool,
    /// The kind of frame.
    pub opcode: OpCode,
    /// The masking key; `None` leaves the MASK bit clear.
    pub mask: Option<[u8; 4]>,
}

/// Writes the header of a frame with `len` bytes of payload; returns it and its length.
#[must_use]
pub fn encode_header(frame: &Frame, len: u64) -> ([u8; MAX_HEADER_LEN], usize) {
    let mut header = [0; MAX_HEADER_LEN];
    header[0] = u8::from(frame.opcode) | u8::from(frame.fin) << 7 | u8::from(frame.rsv1) << 6;
    let mut end = match len {
        0..=125 => {
            header[1] = len as u8;
            2
        }
        126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..10].copy_from_slice(&len.to_be_bytes());
            10
        }
    };
    if let Some(key) = frame.mask {
        header[1] |= 0x80;
        header[end..end + 4].copy_from_slice(&key);
        end += 4;
    }
    (header, end)
}

/// How long the header of a frame is that has `len` bytes of payload.
#[must_use]
pub const fn header_len(len: u64, is_masked: bool) -> usize {
    let base = match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    if is_masked { base + 4 } else { base }
}

/// Where the payload begins in bytes that begin with a frame's header; their end if that is not whole.
#[must_use]
pub fn payload_start(bytes: &[u8]) -> usize {
    let Some(second) = bytes.get(1) else {
        return 0;
    };
    let len = match second & 0x7f {
        126 => 126,
        127 => u64::MAX,
        short => u64::from(short),
    };
    header_len(len, second & 0x80 != 0).min(bytes.len())
}

/// Appends a whole frame to `out`, masked if it has a key.
pub fn encode_frame(frame: &Frame, payload: &[u8], out: &mut Vec<u8>) {
    encode_frame_with(frame, payload.len(), out, |out| {
        out.extend_from_slice(payload);
    });
}

/// As [`encode_frame`], of a payload of `len` bytes that is no slice: `append` appends it to what it is given.
pub fn encode_frame_with(
    frame: &Frame,
    len: usize,
    out: &mut Vec<u8>,
    append: impl FnOnce(&mut Vec<u8>),
) {
    let (header, header_len) = encode_header(frame, len as u64);
    out.reserve(header_len + len);
    out.extend_from_slice(&header[..header_len]);
    let start = out.len();
    append(out);
    debug_assert_eq!(out.len() - start, len, "as long as the header says");
    if let Some(key) = frame.mask {
        apply_mask(&mut out[start..], key);
    }
}

#[cfg(test)]
mod tests {
    use tungstenite::protocol::frame::coding::Data;

    use super::*;

    const TEXT: Frame = Frame {
        fin: true,
        rsv1: false,
        opcode: OpCode::Data(Data::Text),
        mask: None,
    };

    #[test]
    fn the_length_takes_the_shortest_form_at_every_boundary() {
        for (len, expected) in [
            (0, &b"\x81\x00"[..]),
            (125, b"\x81\x7d"),
            (126, b"\x81\x7e\x00\x7e"),
            (127, b"\x81\x7e\x00\x7f"),
            (65_535, b"\x81\x7e\xff\xff"),
            (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
            (1 << 40, b"\x81\x7f\x00\x00\x01\x00\x00\x00\x00\x00"),
        ] {
            let (header, end) = encode_header(&TEXT, len);
            assert_eq!(&header[..end], expected, "{len} bytes");
            assert_eq!(header_len(len, false), end);
            assert_eq!(header_len(len, true), end + 4);
        }
    }

    #[test]
    fn a_masked_frame_carries_its_key_and_masked_bytes() {
        let mut out = Vec::new();
        let mask = Some([0x37, 0xfa, 0x21, 0x3d]);
        encode_frame(&Frame { mask, ..TEXT }, b"Hello", &mut out);
        assert_eq!(out, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    }

    #[test]
    fn the_payload_begins_behind_length_and_key() {
        for (bytes, start) in [
            (&b"\x81\x7d.."[..], 2),
            (b"\x81\x7e\x00\x7e..", 4),
            (b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00..", 10),
            (b"\x81\x80\x01\x02\x03\x04", 6),
            (b"\x81\xfe\x00\x7e\x01\x02\x03\x04..", 8),
        ] {
            assert_eq!(payload_start(bytes), start, "{bytes:?}");
            for whole in 2..start {
                assert_eq!(payload_start(&bytes[..whole]), whole);
            }
            assert_eq!(payload_start(&bytes[..1]), 0);
        }
    }

    #[test]
    fn the_first_byte_holds_fin_rsv1_and_the_opcode() {
        let (header, _) = encode_header(
            &Frame {
                fin: false,
                rsv1: true,
                ..TEXT
            },
            0,
        );
        assert_eq!(header[0], 0x41);
    }
}
