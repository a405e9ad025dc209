//! Answers pings while nobody decodes what comes: it follows the frames that pass in both directions.

use crate::config::Config;
use crate::mask::apply_mask;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const RSV: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// RFC 6455, section 5.5.
const MAX_CONTROL: u64 = 125;
const MAX_HEAD: usize = 14;

/// The server's end of a connection from the answer to its handshake on, as far as pings go. It stops for
/// good where a close frame passes in either direction, and where the peer breaks a rule that shows in the
/// header of a frame; a decoder finds more.
///
/// - *Commands*: [`read`](Self::read), [`leave`](Self::leave), [`written`](Self::written).
#[derive(Debug)]
pub struct PingResponder {
    config: Config,
    incoming: Frames,
    /// The message whose fragments are coming: how many there were, and of how many bytes.
    message: Option<(u32, u64)>,
    /// The payload of a ping that has come so far.
    ping: Vec<u8>,
    outgoing: Frames,
    /// How much of the blank line behind the answer has passed.
    blank: u8,
    /// Pings that somebody else is to answer, before others are.
    owed: usize,
    is_over: bool,
}

impl PingResponder {
    /// A connection whose handshake is yet to be answered.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            incoming: Frames::default(),
            message: None,
            ping: Vec::new(),
            outgoing: Frames::default(),
            blank: 0,
            owed: 0,
            is_over: false,
        }
    }

    /// Whether a pong may be written now: no frame is half written, and no other pong is owed.
    #[must_use]
    pub const fn can_answer(&self) -> bool {
        !self.is_over && self.owed == 0 && self.blank == 4 && self.outgoing.is_at_boundary()
    }

    /// Looks at bytes that have come, and appends the answers; returns how many pings there were.
    pub fn read(&mut self, mut bytes: &[u8], answers: &mut Vec<u8>) -> usize {
        let mut count = 0;
        while !self.is_over
            && let Some(part) = self.incoming.next(&mut bytes)
        {
            match part {
                Part::Head(head) => {
                    if head.opcode() == CLOSE || !self.is_right(head) {
                        self.is_over = true;
                        return count;
                    }
                }
                Part::Payload(payload) => {
                    if self.incoming.head.opcode() == PING {
                        self.ping.extend_from_slice(payload);
                    }
                }
                Part::End => {
                    if self.incoming.head.opcode() == PING {
                        self.answer(answers);
                        count += 1;
                    }
                }
            }
        }
        count
    }

    /// So many pings are left for somebody else to answer, whose pongs pass as all frames do.
    pub const fn leave(&mut self, count: usize) {
        self.owed += count;
    }

    /// Looks at bytes that the peer is sent, in their order.
    pub fn written(&mut self, mut bytes: &[u8]) {
        while self.blank < 4
            && let [byte, rest @ ..] = bytes
        {
            bytes = rest;
            let expected = if self.blank.is_multiple_of(2) {
                b'\r'
            } else {
                b'\n'
            };
            self.blank = match *byte {
                byte if byte == expected => self.blank + 1,
                b'\r' => 1,
                _ => 0,
            };
        }
        while let Some(part) = self.outgoing.next(&mut bytes) {
            if let Part::Head(head) = part {
                self.is_over |= head.opcode() == CLOSE;
                if head.opcode() == PONG {
                    self.owed = self.owed.saturating_sub(1);
                }
            }
        }
    }

    /// Whether a frame of the peer's may come now.
    fn is_right(&mut self, head: Head) -> bool {
        let (fin, rsv) = (head.first & FIN != 0, head.first & RSV);
        if head.key.is_none() {
            return false;
        }
        let fragments = match (head.opcode(), self.message) {
            (PING | PONG, _) => return fin && rsv == 0 && head.len <= MAX_CONTROL,
            (TEXT | BINARY, None) if rsv == 0 || (rsv == RSV1 && self.config.compression) => (0, 0),
            (CONTINUATION, Some(fragments)) if rsv == 0 => fragments,
            _ => return false,
        };
        let (count, len) = (fragments.0 + 1, fragments.1.saturating_add(head.len));
        self.message = (!fin).then_some((count, len));
        let exceeds = |value: u64, limit: u64| limit > 0 && value > limit;
        !exceeds(len, self.config.max_payload)
            && !exceeds(count.into(), self.config.max_fragments.into())
    }

    fn answer(&mut self, answers: &mut Vec<u8>) {
        let key = self.incoming.head.key.unwrap_or_default();
        apply_mask(&mut self.ping, key);
        answers.extend([FIN | PONG, self.ping.len() as u8]);
        answers.append(&mut self.ping);
    }
}

/// Follows frames by their headers.
#[derive(Debug, Default)]
struct Frames {
    bytes: [u8; MAX_HEAD],
    /// How many bytes of the header there are.
    got: usize,
    /// That of the frame which is passing.
    head: Head,
    /// How much of its payload is yet to come; `None` between frames.
    left: Option<u64>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Head {
    first: u8,
    len: u64,
    key: Option<[u8; 4]>,
}

#[derive(Debug)]
enum Part<'a> {
    /// A frame begins.
    Head(Head),
    /// More of its payload.
    Payload(&'a [u8]),
    /// It is over.
    End,
}

impl Head {
    const fn opcode(self) -> u8 {
        self.first & OPCODE
    }
}

impl Frames {
    const fn is_at_boundary(&self) -> bool {
        self.got == 0 && self.left.is_none()
    }

    /// Takes the next part off `bytes`, if they make one.
    fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> Option<Part<'a>> {
        match self.left {
            Some(0) => {
                self.left = None;
                Some(Part::End)
            }
            Some(left) => {
                let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                if here == 0 {
                    return None;
                }
                let (payload, rest) = bytes.split_at(here);
                *bytes = rest;
                self.left = Some(left - here as u64);
                Some(Part::Payload(payload))
            }
            None => {
                while let [byte, rest @ ..] = *bytes {
                    *bytes = rest;
                    self.bytes[self.got] = *byte;
                    self.got += 1;
                    if let Some(head) = head_of(&self.bytes[..self.got]) {
                        self.got = 0;
                        self.head = head;
                        self.left = Some(head.len);
                        return Some(Part::Head(head));
                    }
                }
                None
            }
        }
    }
}

/// A header, if it is whole (RFC 6455, section 5.2).
fn head_of(bytes: &[u8]) -> Option<Head> {
    let [first, second, rest @ ..] = bytes else {
        return None;
    };
    let (len, rest) = match second & 0x7f {
        126 => (u16::from_be_bytes(*rest.first_chunk()?).into(), &rest[2..]),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), &rest[8..]),
        len => (len.into(), rest),
    };
    let key = match second & 0x80 {
        0 => None,
        _ => Some(*rest.first_chunk()?),
    };
    Some(Head {
        first: *first,
        len,
        key,
    })
}
