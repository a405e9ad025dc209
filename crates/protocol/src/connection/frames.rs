//! Takes one frame after the other, from its header to the event that it completes.

use std::ops::Range;

use super::unfinished::Unfinished;
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
        unfinished: &mut Unfinished<S>,
        input: &mut Input<'_>,
    ) -> Result<Option<Event<S>>, ProtocolError> {
        loop {
            match self.state {
                State::Header => {
                    let context = Context {
                        role: self.role,
                        config: &self.config,
                        fragmented: unfinished.message.open,
                        message_len: unfinished.message.wire_len,
                    };
                    let held = &mut unfinished.held_chunks;
                    let Some(frame) = unfinished.header.read(input, &context, held)? else {
                        return Ok(None);
                    };
                    self.begin_frame(unfinished, frame);
                }
                State::Payload => {
                    let Some(payload) = self.read_payload(unfinished, input)? else {
                        return Ok(None);
                    };
                    if let Some(event) = self.end_frame(unfinished, payload, input)? {
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

    fn begin_frame(&mut self, unfinished: &mut Unfinished<S>, frame: Header) {
        if !frame.is_control() {
            if frame.opcode != CONTINUATION {
                unfinished.message.begin(frame.opcode != TEXT, frame.rsv1);
            }
            unfinished.message.wire_len += frame.len;
        }
        unfinished.frame = frame;
        unfinished.arrived = 0;
        self.state = State::Payload;
    }

    /// The whole payload where it lies in this chunk; else stores what is there.
    /// `Some(None)`: complete, and stored.
    fn read_payload(
        &self,
        unfinished: &mut Unfinished<S>,
        input: &mut Input<'_>,
    ) -> Result<Option<Option<Range<usize>>>, ProtocolError> {
        let missing = unfinished.frame.len - unfinished.arrived;
        let range = input.take(usize::try_from(missing).unwrap_or(usize::MAX));
        let bytes = &mut input.bytes[range.clone()];
        if let Some(key) = unfinished.frame.mask {
            if unfinished.arrived == 0 {
                apply_mask(bytes, key);
            } else {
                apply_mask_at(bytes, key, unfinished.arrived);
            }
        }
        let complete = bytes.len() as u64 == missing;
        if complete && unfinished.arrived == 0 {
            unfinished.held_chunks = 0;
            return Ok(Some(Some(range)));
        }
        let feeds_message = unfinished.feeds_message();
        let expected = Expected {
            in_frame: missing - bytes.len() as u64,
            last_frame: unfinished.frame.fin || !feeds_message,
        };
        if feeds_message {
            unfinished
                .message
                .push(bytes, expected, !self.config.skip_utf8_validation)?;
        } else {
            append(&mut unfinished.frame_store, bytes, expected)?;
        }
        if complete {
            unfinished.arrived = 0;
            unfinished.held_chunks = 0;
            return Ok(Some(None));
        }
        unfinished.arrived += bytes.len() as u64;
        if !bytes.is_empty() {
            unfinished.held_chunks += 1;
        }
        Ok(None)
    }

    fn end_frame(
        &mut self,
        unfinished: &mut Unfinished<S>,
        in_chunk: Option<Range<usize>>,
        input: &Input<'_>,
    ) -> Result<Option<Event<S>>, ProtocolError> {
        self.state = State::Header;
        if unfinished.frame.is_control() {
            return self.end_control(unfinished, in_chunk, input).map(Some);
        }
        let max = self.config.max_fragments;
        if max > 0 && unfinished.message.frames >= max {
            return Err(ProtocolError::new(ErrorKind::TooManyFragments));
        }
        unfinished.message.frames += 1;
        let fin = unfinished.frame.fin;
        if unfinished.message.compressed {
            let payload = unfinished.take_frame(in_chunk, input);
            self.state = State::Inflating;
            return Ok(Some(Event::Compressed(CompressedFrame { payload, fin })));
        }
        let check_text = !self.config.skip_utf8_validation;
        if let Some(range) = in_chunk {
            let bytes = &input.bytes[range.clone()];
            if fin && unfinished.message.frames == 1 {
                if check_text && !unfinished.message.binary && !is_valid_utf8(bytes) {
                    return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
                }
                let (binary, frames, _) = unfinished.message.finish(false)?;
                let payload = Payload::Input(range);
                return Ok(Some(Event::Message(Message {
                    binary,
                    payload,
                    frames,
                })));
            }
            unfinished
                .message
                .push(bytes, Expected::none(fin), check_text)?;
        }
        if !fin || unfinished.message.frames > 1 {
            unfinished.message.end_fragment();
        }
        if !fin {
            return Ok(None);
        }
        self.assembled(unfinished, input.position)
            .map(|message| Some(Event::Message(message)))
    }

    fn end_control(
        &mut self,
        unfinished: &mut Unfinished<S>,
        in_chunk: Option<Range<usize>>,
        input: &Input<'_>,
    ) -> Result<Event<S>, ProtocolError> {
        let payload = unfinished.take_frame(in_chunk, input);
        match unfinished.frame.opcode {
            CLOSE => {
                let bytes = input.payload(&payload);
                let code = parse_close_payload(bytes, self.config.skip_utf8_validation)?;
                self.state = State::Done;
                Ok(Event::Close(Close { code, payload }))
            }
            PING => Ok(Event::Ping(payload)),
            _ => {
                debug_assert_eq!(unfinished.frame.opcode, header::PONG);
                Ok(Event::Pong(payload))
            }
        }
    }

    pub(super) fn inflated(
        &mut self,
        unfinished: &mut Unfinished<S>,
        bytes: &[u8],
    ) -> Result<Inflated<S>, ProtocolError> {
        self.state = State::Header;
        unfinished.message.inflated_len += bytes.len() as u64;
        let max = self.config.max_payload;
        if max > 0 && unfinished.message.inflated_len > max {
            return Err(ProtocolError::new(ErrorKind::UnsupportedMessageLength));
        }
        let fin = unfinished.frame.fin;
        let check_text = !self.config.skip_utf8_validation;
        if fin && unfinished.message.frames == 1 {
            if check_text && !unfinished.message.binary && !is_valid_utf8(bytes) {
                return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
            }
            let (binary, ..) = unfinished.message.finish(false)?;
            return Ok(Inflated::Whole { binary });
        }
        unfinished
            .message
            .push(bytes, Expected::none(fin), check_text)?;
        unfinished.message.end_fragment();
        if !fin {
            return Ok(Inflated::Incomplete);
        }
        self.assembled(unfinished, 0).map(Inflated::Assembled)
    }

    fn assembled(
        &self,
        unfinished: &mut Unfinished<S>,
        position: usize,
    ) -> Result<Message<S>, ProtocolError> {
        let (binary, frames, store) = unfinished
            .message
            .finish(!self.config.skip_utf8_validation)?;
        let payload = store.map_or(Payload::Input(position..position), Payload::Stored);
        Ok(Message {
            binary,
            payload,
            frames,
        })
    }
}
