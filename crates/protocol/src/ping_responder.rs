//! Answers pings while nobody decodes what comes: it follows the frames that pass in both directions.

use tungstenite::protocol::frame::coding::{Control, OpCode};

use crate::config::{Config, Role};
use crate::frame::{Frame, MAX_HEADER_LEN, encode_frame};
use crate::header::{CLOSE, Context, Header, PING, PONG, Progress, inspect};
use crate::mask::apply_mask;

/// The server's end of a connection from the answer to its handshake on, as far as pings go. It stops for
/// good where a close frame passes in either direction, and where the peer breaks a rule that shows in the
/// header of a frame; a decoder finds more.
///
/// - *Commands*: [`read`](Self::read), [`leave`](Self::leave), [`written`](Self::written).
#[derive(Debug)]
pub struct PingResponder {
    incoming: Frames,
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
            incoming: Frames::new(Role::Server, config),
            ping: Vec::new(),
            // What this end sends is its own affair; only where frames end is to be known.
            outgoing: Frames::new(
                Role::Client,
                Config {
                    max_payload: 0,
                    max_fragments: 0,
                    compression: true,
                    ..config
                },
            ),
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
                Part::Wrong => self.is_over = true,
                Part::Header(header) => self.is_over = header.opcode == CLOSE,
                Part::Payload(payload) => {
                    if self.incoming.header.opcode == PING {
                        self.ping.extend_from_slice(payload);
                    }
                }
                Part::End => {
                    if self.incoming.header.opcode == PING {
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
        while !self.is_over
            && let Some(part) = self.outgoing.next(&mut bytes)
        {
            match part {
                // Frames that a program made itself: where they end is not known any more.
                Part::Wrong => self.is_over = true,
                Part::Header(header) if header.opcode == CLOSE => self.is_over = true,
                Part::Header(header) if header.opcode == PONG => {
                    self.owed = self.owed.saturating_sub(1);
                }
                _ => {}
            }
        }
    }

    fn answer(&mut self, answers: &mut Vec<u8>) {
        let key = self.incoming.header.mask.unwrap_or_default();
        apply_mask(&mut self.ping, key);
        let pong = Frame {
            fin: true,
            rsv1: false,
            opcode: OpCode::Control(Control::Pong),
            mask: None,
        };
        encode_frame(&pong, &self.ping, answers);
        self.ping.clear();
    }
}

/// Follows frames by their headers.
#[derive(Debug)]
struct Frames {
    /// The end of the connection that they come to.
    role: Role,
    config: Config,
    bytes: [u8; MAX_HEADER_LEN],
    /// How many bytes of the header there are.
    got: usize,
    /// That of the frame which is passing.
    header: Header,
    /// How much of its payload is yet to come; `None` between frames.
    left: Option<u64>,
    /// The message whose fragments are passing: how many there were, and of how many bytes.
    message: Option<(u32, u64)>,
}

#[derive(Debug)]
enum Part<'a> {
    /// A frame begins.
    Header(Header),
    /// More of its payload.
    Payload(&'a [u8]),
    /// It is over.
    End,
    /// A header that breaks a rule.
    Wrong,
}

impl Frames {
    fn new(role: Role, config: Config) -> Self {
        Self {
            role,
            config,
            bytes: [0; MAX_HEADER_LEN],
            got: 0,
            header: Header::default(),
            left: None,
            message: None,
        }
    }

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
                    let context = Context {
                        role: self.role,
                        config: &self.config,
                        fragmented: self.message.is_some(),
                        message_len: self.message.map_or(0, |(_, len)| len),
                    };
                    match inspect(&self.bytes[..self.got], &context) {
                        Ok(Progress::Incomplete { .. }) => {}
                        Ok(Progress::Complete(header, _)) if self.counts(header) => {
                            self.got = 0;
                            self.header = header;
                            self.left = Some(header.len);
                            return Some(Part::Header(header));
                        }
                        _ => return Some(Part::Wrong),
                    }
                }
                None
            }
        }
    }

    /// Counts a frame; whether its message may have one more.
    fn counts(&mut self, header: Header) -> bool {
        if header.is_control() {
            return true;
        }
        let (count, len) = self.message.unwrap_or_default();
        let (count, len) = (count + 1, len.saturating_add(header.len));
        self.message = (!header.fin).then_some((count, len));
        let most = self.config.max_fragments;
        most == 0 || count <= most
    }
}
