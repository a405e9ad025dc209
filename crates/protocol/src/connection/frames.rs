//! Takes one frame after the other, from its header to the event that it completes.

use std::ops::Range;

use super::{Connection, State};
use crate::assembly::{Expected, append};
use crate::close::parse_close_payload;
use crate::error::{ErrorKind, ProtocolError};
use crate::event::{Close, CompressedFrame, Event, Inflated, Input, Message, Payload};
use crate::header::{self, CLOSE, CONTINUATION, Context, Header, PING, TEXT};
use crate::mask::{apply_mask, apply_mask_at};
use crate::store::PayloadStore;
use crate::utf8::is_valid_utf8;

impl<S: PayloadStore> Connection<S> {
    pub(super) fn step(
        &mut self,
        input: &mut Input<'_>,
    ) -> Result<Option<Event<S>>, ProtocolError> {
        loop {
            match self.state {
                State::Header => {
                    let context = Context {
                        role: self.role,
                        config: &self.config,
                        fragmented: self.message.open,
                        message_len: self.message.wire_len,
                    };
                    let Some(frame) = self.header.read(input, &context, &mut self.held_chunks)?
                    else {
                        return Ok(None);
                    };
                    self.begin_frame(frame);
                }
                State::Payload => {
                    let Some(payload) = self.read_payload(input)? else {
                        return Ok(None);
                    };
                    if let Some(event) = self.end_frame(payload, input)? {
                        return Ok(Some(event));
                    }
                }
                State::Inflating | State::Done => {
                    if self.state == State::Done {
                        input.take(usize::MAX);
                    }
                    return Ok(None);
                }
            }
        }
    }

    fn begin_frame(&mut self, frame: Header) {
        if !frame.is_control() {
            if frame.opcode != CONTINUATION {
                self.message.begin(frame.opcode != TEXT, frame.rsv1);
            }
            self.message.wire_len += frame.len;
        }
        self.frame = frame;
        self.arrived = 0;
        self.state = State::Payload;
    }

    /// Whether the current frame's bytes go straight to the message.
    pub(super) const fn feeds_message(&self) -> bool {
        !self.frame.is_control() && !self.message.compressed
    }

    /// The whole payload where it lies in this chunk; else stores what is there.
    /// `Some(None)`: complete, and stored.
    fn read_payload(
        &mut self,
        input: &mut Input<'_>,
    ) -> Result<Option<Option<Range<usize>>>, ProtocolError> {
        let missing = self.frame.len - self.arrived;
        let range = input.take(usize::try_from(missing).unwrap_or(usize::MAX));
        let bytes = &mut input.bytes[range.clone()];
        if let Some(key) = self.frame.mask {
            if self.arrived == 0 {
                apply_mask(bytes, key);
            } else {
                apply_mask_at(bytes, key, self.arrived);
            }
        }
        let complete = bytes.len() as u64 == missing;
        if complete && self.arrived == 0 {
            self.held_chunks = 0;
            return Ok(Some(Some(range)));
        }
        let feeds_message = self.feeds_message();
        let expected = Expected {
            in_frame: missing - bytes.len() as u64,
            last_frame: self.frame.fin || !feeds_message,
        };
        if feeds_message {
            self.message
                .push(bytes, expected, !self.config.skip_utf8_validation)?;
        } else {
            append(&mut self.frame_store, bytes, expected)?;
        }
        if complete {
            self.arrived = 0;
            self.held_chunks = 0;
            return Ok(Some(None));
        }
        self.arrived += bytes.len() as u64;
        if !bytes.is_empty() {
            self.held_chunks += 1;
        }
        Ok(None)
    }

    fn end_frame(
        &mut self,
        in_chunk: Option<Range<usize>>,
        input: &Input<'_>,
    ) -> Result<Option<Event<S>>, ProtocolError> {
        self.state = State::Header;
        if self.frame.is_control() {
            return self.end_control(in_chunk, input).map(Some);
        }
        let max = self.config.max_fragments;
        if max > 0 && self.message.frames >= max {
            return Err(ProtocolError::new(ErrorKind::TooManyFragments));
        }
        self.message.frames += 1;
        let fin = self.frame.fin;
        if self.message.compressed {
            let payload = self.frame_payload(in_chunk, input);
            self.state = State::Inflating;
            return Ok(Some(Event::Compressed(CompressedFrame { payload, fin })));
        }
        let check_text = !self.config.skip_utf8_validation;
        if let Some(range) = in_chunk {
            let bytes = &input.bytes[range.clone()];
            if fin && self.message.frames == 1 {
                if check_text && !self.message.binary && !is_valid_utf8(bytes) {
                    return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
                }
                let (binary, frames, _) = self.message.finish(false)?;
                let payload = Payload::Input(range);
                return Ok(Some(Event::Message(Message {
                    binary,
                    payload,
                    frames,
                })));
            }
            self.message.push(bytes, Expected::none(fin), check_text)?;
        }
        if !fin || self.message.frames > 1 {
            self.message.end_fragment();
        }
        if !fin {
            return Ok(None);
        }
        self.assembled(input.position)
            .map(|message| Some(Event::Message(message)))
    }

    fn end_control(
        &mut self,
        in_chunk: Option<Range<usize>>,
        input: &Input<'_>,
    ) -> Result<Event<S>, ProtocolError> {
        let payload = self.frame_payload(in_chunk, input);
        match self.frame.opcode {
            CLOSE => {
                let bytes = input.payload(&payload);
                let code = parse_close_payload(bytes, self.config.skip_utf8_validation)?;
                self.state = State::Done;
                Ok(Event::Close(Close { code, payload }))
            }
            PING => Ok(Event::Ping(payload)),
            _ => {
                debug_assert_eq!(self.frame.opcode, header::PONG);
                Ok(Event::Pong(payload))
            }
        }
    }

    fn frame_payload(&mut self, in_chunk: Option<Range<usize>>, input: &Input<'_>) -> Payload<S> {
        match (in_chunk, self.frame_store.take()) {
            (Some(range), _) => Payload::Input(range),
            (None, Some(store)) => Payload::Stored(store),
            (None, None) => Payload::Input(input.position..input.position),
        }
    }

    pub(super) fn inflated(&mut self, bytes: &[u8]) -> Result<Inflated<S>, ProtocolError> {
        self.state = State::Header;
        self.message.inflated_len += bytes.len() as u64;
        let max = self.config.max_payload;
        if max > 0 && self.message.inflated_len > max {
            return Err(ProtocolError::new(ErrorKind::UnsupportedMessageLength));
        }
        let fin = self.frame.fin;
        let check_text = !self.config.skip_utf8_validation;
        if fin && self.message.frames == 1 {
            if check_text && !self.message.binary && !is_valid_utf8(bytes) {
                return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
            }
            let (binary, ..) = self.message.finish(false)?;
            return Ok(Inflated::Whole { binary });
        }
        self.message.push(bytes, Expected::none(fin), check_text)?;
        self.message.end_fragment();
        if !fin {
            return Ok(Inflated::Incomplete);
        }
        self.assembled(0).map(Inflated::Assembled)
    }

    fn assembled(&mut self, position: usize) -> Result<Message<S>, ProtocolError> {
        let (binary, frames, store) = self.message.finish(!self.config.skip_utf8_validation)?;
        let payload = store.map_or(Payload::Input(position..position), Payload::Stored);
        Ok(Message {
            binary,
            payload,
            frames,
        })
    }
}
