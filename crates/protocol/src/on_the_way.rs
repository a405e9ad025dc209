//! Inflates messages on their way to who decodes them, where that is not busy with one itself.

use tungstenite::protocol::frame::coding::OpCode;

use crate::frame::{Frame, encode_frame};
use crate::inflating::{Inflate, Inflating, Passed};
use crate::mask::apply_mask;
use crate::passing::Part;
use crate::ping_responder::PingResponder;

/// The longest payload, in bytes, that is compressed or inflated by who has others to look after, on
/// whatever thread; what is longer takes too long for that.
pub const MAX_INLINE_LEN: u64 = 16 * 1024;
/// No more than this is made of the bytes that have come at once; of what is behind that, whoever decodes
/// inflates one message after the other.
const MOST: usize = 256 * 1024;

impl PingResponder {
    /// Has messages inflated from the next frame on, by [`pass`](Self::pass).
    pub fn set_inflate(&mut self, engine: Box<dyn Inflate>) {
        if self.inflating.is_none() && !self.is_over && !self.is_silent {
            self.inflating = Some(Box::new(Inflating {
                engine,
                kept: Vec::new(),
                waits: false,
                has_begun: self.incoming.is_in_header(),
            }));
        }
    }

    /// Whether bytes are to be given to [`pass`](Self::pass), not [`read`](Self::read).
    #[must_use]
    pub const fn inflates(&self) -> bool {
        self.inflating.is_some()
    }

    /// As [`read`](Self::read), and inflates short messages that came in one frame.
    pub fn pass(&mut self, bytes: &[u8], answers: &mut Vec<u8>) -> Passed {
        let mut passed = Passed::default();
        let Some(mut inflating) = self.inflating.take() else {
            passed.pings = self.read(bytes, answers);
            passed.bytes.extend_from_slice(bytes);
            return passed;
        };
        let mut rest = bytes;
        // Where the bytes begin that were not passed on, and where the frame does that is passing.
        let (mut from, mut frame) = (0, 0);
        while !self.is_over
            && let Some(part) = self.incoming.next(&mut rest)
        {
            passed.pings += self.take(&part, answers);
            match part {
                Part::Header(header) => {
                    let is_whole = !std::mem::take(&mut inflating.has_begun);
                    inflating.waits = is_whole
                        && header.rsv1
                        && header.fin
                        && header.len <= MAX_INLINE_LEN
                        && !self.is_over;
                    if inflating.waits {
                        passed.bytes.extend_from_slice(&bytes[from..frame]);
                        from = frame;
                    } else {
                        passed.bytes.append(&mut inflating.kept);
                    }
                }
                Part::End => {
                    let here = bytes.len() - rest.len();
                    if std::mem::take(&mut inflating.waits) {
                        inflating.kept.extend_from_slice(&bytes[from..here]);
                        from = here;
                        self.inflate(&mut inflating, &mut passed);
                    }
                    frame = here;
                }
                Part::Payload(_) | Part::Wrong => {}
            }
        }
        if self.is_over {
            passed.bytes.append(&mut inflating.kept);
            passed.bytes.extend_from_slice(&bytes[from..]);
            return passed;
        }
        // Of a frame that is not known yet nothing is passed on.
        let unknown = inflating.waits || self.incoming.is_in_header();
        let end = if unknown { frame } else { bytes.len() };
        if from < end {
            passed.bytes.extend_from_slice(&bytes[from..end]);
            from = end;
        }
        inflating.kept.extend_from_slice(&bytes[from..]);
        if inflating.kept.is_empty() {
            // An idle connection keeps none.
            inflating.kept = Vec::new();
        }
        self.inflating = Some(inflating);
        passed
    }

    /// Inflates nothing any more; returns what was kept.
    pub fn stop_inflating(&mut self) -> Vec<u8> {
        self.inflating
            .take()
            .map_or_else(Vec::new, |inflating| inflating.kept)
    }

    /// The frame that was kept is whole: it is passed on, inflated if that can be.
    fn inflate(&mut self, inflating: &mut Inflating, passed: &mut Passed) {
        let header = self.incoming.header;
        let number = self.compressed - 1;
        let kept = &mut inflating.kept;
        let start = kept.len() - header.len as usize;
        let key = header.mask.unwrap_or_default();
        let mut message = Vec::new();
        let mut is_done = false;
        if passed.bytes.len() <= MOST {
            apply_mask(&mut kept[start..], key);
            is_done = inflating
                .engine
                .inflate(number, &kept[start..], &mut message);
            if !is_done {
                apply_mask(&mut kept[start..], key);
            }
        }
        if is_done {
            let frame = Frame {
                fin: true,
                rsv1: true,
                opcode: OpCode::from(header.opcode),
                mask: Some([0; 4]),
            };
            encode_frame(&frame, &message, &mut passed.bytes);
            passed.inflated.push(number);
        } else {
            passed.bytes.extend_from_slice(kept);
        }
        kept.clear();
    }
}
