//! Frames (RFC 6455, section 5.2): client frames are built once, server frames are read by their headers.

use anyhow::{Result, bail, ensure};

pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const MASKED: u8 = 0x80;

/// One masked, final client frame. `compressed` sets RSV1 (RFC 7692, section 6).
pub(crate) fn client_frame(opcode: u8, compressed: bool, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(payload.len() + 14);
    frame.push(FIN | if compressed { RSV1 } else { 0 } | opcode);
    match payload.len() {
        length @ 0..=125 => frame.push(MASKED | length as u8),
        length @ 126..=0xffff => {
            frame.push(MASKED | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(MASKED | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(key);
    frame.extend(
        payload
            .iter()
            .zip(key.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// What a server frame's header says.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) opcode: u8,
    pub(crate) compressed: bool,
    /// Payload bytes.
    pub(crate) length: u64,
}

/// Reads server frames from a byte stream cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    header: Header,
    /// Payload bytes of the current frame that have not come yet.
    left: u64,
    /// A header cut by the end of a read.
    partial: [u8; 10],
    partial_length: usize,
}

/// The next thing in the stream.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Piece<'a> {
    /// A frame begins; its payload follows.
    Start(Header),
    /// Payload bytes of the frame, from `offset` on; the frame is complete after them if `last`.
    Payload {
        offset: u64,
        bytes: &'a [u8],
        last: bool,
    },
}

impl Reader {
    /// Takes one piece off the front of `input`; `None` when the input is used up.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Piece<'a>>> {
        if self.left > 0 {
            let taken = input
                .len()
                .min(usize::try_from(self.left).unwrap_or(usize::MAX));
            if taken == 0 {
                return Ok(None);
            }
            let (bytes, rest) = input.split_at(taken);
            *input = rest;
            let offset = self.header.length - self.left;
            self.left -= taken as u64;
            return Ok(Some(Piece::Payload {
                offset,
                bytes,
                last: self.left == 0,
            }));
        }
        let Some(header) = self.header(input)? else {
            return Ok(None);
        };
        self.header = header;
        self.left = header.length;
        Ok(Some(Piece::Start(header)))
    }

    /// Payload bytes of the current frame still to come.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Passes over `count` payload bytes that were thrown away unread; true if they completed the frame.
    pub(crate) fn skip(&mut self, count: u64) -> bool {
        self.left -= count;
        self.left == 0
    }

    fn header(&mut self, input: &mut &[u8]) -> Result<Option<Header>> {
        if self.partial_length == 0
            && let Some((header, used)) = parse(input)?
        {
            *input = &input[used..];
            return Ok(Some(header));
        }
        while let [first, rest @ ..] = *input {
            self.partial[self.partial_length] = *first;
            self.partial_length += 1;
            *input = rest;
            if let Some((header, _)) = parse(&self.partial[..self.partial_length])? {
                self.partial_length = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }
}

/// The header at the front of `bytes` and its size, once it is there as a whole.
fn parse(bytes: &[u8]) -> Result<Option<(Header, usize)>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    ensure!(second & MASKED == 0, "the server masked a frame");
    ensure!(first & 0x30 == 0, "the server set RSV2 or RSV3");
    let (length, used) = match (second & 0x7f, rest) {
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => {
            (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 10)
        }
        (126 | 127, _) => return Ok(None),
        (length, _) => (u64::from(length), 2),
    };
    if first & FIN == 0 || first & 0x0f == 0 {
        bail!("the server answered with a fragmented message; an echo of one frame is one frame");
    }
    Ok(Some((
        Header {
            opcode: first & 0x0f,
            compressed: first & RSV1 != 0,
            length,
        },
        used,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_frame_is_masked_with_its_key() {
        let masked_hello = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(
            client_frame(TEXT, false, [0x37, 0xfa, 0x21, 0x3d], b"Hello"),
            masked_hello
        );
    }

    #[test]
    fn each_length_form_is_read_back() {
        for length in [0, 125, 126, 0xffff, 0x1_0000] {
            let mut frame = client_frame(BINARY, false, [0; 4], &vec![7; length]);
            frame[1] &= 0x7f;
            frame.drain(frame.len() - length - 4..frame.len() - length);
            let mut input = &frame[..];
            let mut reader = Reader::default();
            let header = Header {
                opcode: BINARY,
                compressed: false,
                length: length as u64,
            };
            assert_eq!(reader.next(&mut input).unwrap(), Some(Piece::Start(header)));
            assert_eq!(reader.left(), length as u64);
            assert_eq!(input.len(), length);
        }
    }

    #[test]
    fn a_stream_cut_at_every_byte_gives_the_same_frames() {
        let stream = b"\x81\x02hi\x82\x7e\x00\x80"
            .iter()
            .copied()
            .chain([9; 128])
            .chain(*b"\x89\x00");
        let mut reader = Reader::default();
        let (mut starts, mut payload, mut ends) = (Vec::new(), Vec::new(), 0);
        for byte in stream {
            let mut input = &[byte][..];
            while let Some(piece) = reader.next(&mut input).unwrap() {
                match piece {
                    Piece::Start(header) => starts.push((header.opcode, header.length)),
                    Piece::Payload { bytes, last, .. } => {
                        payload.extend_from_slice(bytes);
                        ends += usize::from(last);
                    }
                }
            }
        }
        assert_eq!(starts, [(TEXT, 2), (BINARY, 128), (9, 0)]);
        assert_eq!((payload.len(), ends), (130, 2));
    }

    #[test]
    fn a_masked_or_fragmented_answer_is_an_error() {
        assert!(
            Reader::default()
                .next(&mut &b"\x81\x80\0\0\0\0"[..])
                .is_err()
        );
        assert!(Reader::default().next(&mut &b"\x01\x01a"[..]).is_err());
    }
}
