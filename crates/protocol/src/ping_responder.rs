//! Answers pings, and asks, while nobody decodes what comes: it follows the frames that pass in both
//! directions.

use tungstenite::protocol::frame::coding::{Control, OpCode};

use crate::config::{Config, Role};
use crate::frame::{Frame, encode_frame};
use crate::header::{CLOSE, PING, PONG};
use crate::inflating::Inflating;
use crate::mask::apply_mask;
use crate::passing::{Frames, Part};

const FIN: u8 = 0x80;
/// The bit in the second byte of a frame, beside its length.
const MASKED: usize = 0x80;

/// The server's end of a connection from the answer to its handshake on, as far as pings go. It stops for
/// good where a close frame passes in either direction, and where the peer breaks a rule that shows in the
/// header of a frame; a decoder finds more.
///
/// - *Commands*: [`read`](Self::read), [`leave`](Self::leave), [`written`](Self::written), and
///   [`is_answer`](Self::is_answer) before bytes are read.
#[derive(Debug)]
pub struct PingResponder {
    pub(crate) incoming: Frames,
    /// The payload of a ping that has come so far.
    ping: Vec<u8>,
    outgoing: Frames,
    /// How much of the blank line behind the answer has passed.
    blank: u8,
    /// Pings that somebody else is to answer, before others are.
    owed: usize,
    pub(crate) is_over: bool,
    /// Nothing that comes is looked at, and no ping is answered.
    pub(crate) is_silent: bool,
    /// Compressed messages that have come.
    pub(crate) compressed: u64,
    /// What inflates them on their way, if anything does.
    pub(crate) inflating: Option<Box<Inflating>>,
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
            is_silent: false,
            compressed: 0,
            inflating: None,
        }
    }

    /// As [`new`](Self::new), of a connection whose pings are somebody else's to answer. It looks at what is
    /// sent, so that it is known when a ping of this end may be.
    #[must_use]
    pub fn silent(config: Config) -> Self {
        Self {
            is_silent: true,
            ..Self::new(config)
        }
    }

    /// As [`silent`](Self::silent), of a connection whose handshake is over; this end sends no half of a
    /// frame now.
    #[must_use]
    pub fn silent_between_frames(config: Config) -> Self {
        Self {
            blank: 4,
            ..Self::silent(config)
        }
    }

    /// Whether a pong may be written now: no frame is half written, and no other pong is owed.
    #[must_use]
    pub const fn can_answer(&self) -> bool {
        self.owed == 0 && self.can_ask()
    }

    /// Whether a ping of this end may be written now: no frame is half written, and neither end is closing,
    /// as far as is known.
    #[must_use]
    pub const fn can_ask(&self) -> bool {
        !self.is_over && self.blank == 4 && self.outgoing.is_at_boundary()
    }

    /// Whether bytes that have come are the pong with this payload, as a whole, and nothing else; it need not
    /// be read then.
    #[must_use]
    pub fn is_answer(&self, bytes: &[u8], payload: &[u8]) -> bool {
        let [first, second, rest @ ..] = bytes else {
            return false;
        };
        let Some((key, masked)) = rest.split_first_chunk::<4>() else {
            return false;
        };
        *first == FIN | PONG
            && usize::from(*second) == MASKED | payload.len()
            && masked.len() == payload.len()
            && masked
                .iter()
                .zip(key.iter().cycle())
                .zip(payload)
                .all(|((byte, key), expected)| byte ^ key == *expected)
            && !self.is_silent
            && !self.is_over
            && self.incoming.is_at_boundary()
    }

    /// Looks at bytes that have come, and appends the answers; returns how many pings there were.
    pub fn read(&mut self, mut bytes: &[u8], answers: &mut Vec<u8>) -> usize {
        let mut count = 0;
        while !self.is_over
            && !self.is_silent
            && let Some(part) = self.incoming.next(&mut bytes)
        {
            count += self.take(&part, answers);
        }
        count
    }

    /// Looks at a part of a frame; returns how many pings it completes.
    pub(crate) fn take(&mut self, part: &Part<'_>, answers: &mut Vec<u8>) -> usize {
        match part {
            Part::Wrong => self.is_over = true,
            Part::Header(header) => {
                self.is_over = header.opcode == CLOSE;
                // A frame that goes on with a message has no RSV1.
                self.compressed += u64::from(header.rsv1);
            }
            Part::Payload(payload) => {
                if self.incoming.header.opcode == PING {
                    self.ping.extend_from_slice(payload);
                }
            }
            Part::End => {
                if self.incoming.header.opcode == PING {
                    self.answer(answers);
                    return 1;
                }
            }
        }
        0
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
