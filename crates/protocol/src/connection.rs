//! The state machine of one connection.

mod whole_message;

use crate::assembly::{Assembly, Expected, append};
use crate::close::parse_close_payload;
use crate::config::{Config, Role};
use crate::error::{ErrorKind, ProtocolError};
use crate::event::{Close, CompressedFrame, Event, Inflated, Input, Message, Payload};
use crate::header::{self, CLOSE, CONTINUATION, Context, Header, HeaderReader, PING, TEXT};
use crate::mask::{apply_mask, apply_mask_at, rotate};
use crate::store::PayloadStore;
use crate::utf8::is_valid_utf8;

/// One WebSocket connection after its handshake, without I/O.
///
/// The methods are of four kinds, to be called in this order:
///
/// 1. *Input*: [`handle_bytes`](Self::handle_bytes) once for each chunk from the peer.
/// 2. *Events*: [`poll_event`](Self::poll_event) until it gives `None`. It may be left off after
///    any event and taken up later ([`Input::resume`]), and each event's payload lies in the chunk
///    or is the caller's own. After [`Event::Compressed`], call
///    [`handle_inflated`](Self::handle_inflated).
/// 3. *Commands*: [`send_message`](Self::send_message), [`send_ping`](Self::send_ping),
///    [`send_pong`](Self::send_pong), [`send_close`](Self::send_close) append frames to a buffer.
///    They may be called at any time. No frame is ever sent unasked.
/// 4. *Getters*: the rest.
///
/// After an error the connection is failed: close with [`ProtocolError::close_code`]; further input
/// is ignored, as it is after a close frame.
// In this order what a whole message needs stands together: among thousands of connections each
// cache line of it has to be fetched anew.
#[derive(Debug)]
#[repr(C)]
pub struct Connection<S = Vec<u8>> {
    config: Config,
    role: Role,
    state: State,
    header: HeaderReader,
    held_chunks: u32,
    message: Assembly<S>,
    frame: Header,
    /// Payload bytes of the current frame that came in earlier chunks.
    arrived: u64,
    /// The bytes of a control or compressed frame that came in several chunks.
    frame_store: Option<S>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    Payload,
    /// A compressed frame was handed out.
    Inflating,
    /// After a close frame or an error.
    Done,
}

impl<S: PayloadStore> Connection<S> {
    /// A connection at its start.
    #[must_use]
    pub fn new(role: Role, config: Config) -> Self {
        Self {
            config,
            role,
            state: State::Header,
            header: HeaderReader::default(),
            held_chunks: 0,
            message: Assembly::default(),
            frame: Header::default(),
            arrived: 0,
            frame_store: None,
        }
    }

    /// Takes a chunk from the peer; its payloads will be unmasked in place.
    ///
    /// # Errors
    /// [`TooManyBufferedChunks`](ErrorKind::TooManyBufferedChunks) if an incomplete frame already
    /// holds as many as the configuration allows.
    pub fn handle_bytes<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Input<'a>, ProtocolError> {
        let max = self.config.max_buffered_chunks;
        if max > 0 && self.held_chunks >= max && self.state != State::Done {
            return Err(self.fail(ProtocolError::new(ErrorKind::TooManyBufferedChunks)));
        }
        Ok(Input { bytes, position: 0 })
    }

    /// The next event, or `None` when the chunk is used up.
    ///
    /// # Errors
    /// A protocol violation; see [`ErrorKind`].
    ///
    /// # Panics
    /// If a compressed frame was handed out and [`handle_inflated`](Self::handle_inflated) was not
    /// called.
    pub fn poll_event(&mut self, input: &mut Input<'_>) -> Result<Option<Event<S>>, ProtocolError> {
        assert!(
            self.state != State::Inflating,
            "handle_inflated must be called before the next event"
        );
        let event = match self.whole_message(input) {
            Ok(None) => self.step(input),
            event => event,
        };
        event.map_err(|error| self.fail(error))
    }

    /// Takes what the last [`Event::Compressed`] inflated to.
    ///
    /// # Errors
    /// The message is longer than `max_payload`, or its text is not UTF-8.
    ///
    /// # Panics
    /// If no compressed frame was handed out.
    pub fn handle_inflated(&mut self, bytes: &[u8]) -> Result<Inflated<S>, ProtocolError> {
        assert!(
            self.state == State::Inflating,
            "handle_inflated answers a compressed frame"
        );
        self.inflated(bytes).map_err(|error| self.fail(error))
    }

    /// Reads payload bytes straight to where they belong, past any chunk.
    ///
    /// If a long frame of an uncompressed message is under way, `read` is given memory for the
    /// bytes it misses and returns how many it put there; `waiting` tells how many the peer has
    /// sent already, so that memory may be taken for them. Then poll with an empty chunk. `None`
    /// if there is no such frame, and `read` was not called.
    ///
    /// # Errors
    /// As for [`handle_bytes`](Self::handle_bytes), or there is no memory.
    pub fn fill_payload(
        &mut self,
        waiting: usize,
        read: &mut dyn FnMut(&mut [u8]) -> usize,
    ) -> Result<Option<usize>, ProtocolError> {
        if !self.wants_payload() {
            return Ok(None);
        }
        self.handle_bytes(&mut [])?;
        let key = self.frame.mask.map(|key| rotate(key, self.arrived));
        let missing = self.frame.len - self.arrived;
        let check_text = !self.config.skip_utf8_validation;
        match self.message.fill((missing, waiting), key, check_text, read) {
            Ok(filled) => {
                self.arrived += filled as u64;
                self.held_chunks += u32::from(filled > 0);
                Ok(Some(filled))
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Whether [`fill_payload`](Self::fill_payload) has something to read.
    #[must_use]
    pub fn wants_payload(&self) -> bool {
        self.state == State::Payload
            && self.feeds_message()
            && self.message.is_stored()
            && self.arrived > 0
            && self.arrived < self.frame.len
    }

    /// How many payload bytes the current frame misses.
    #[must_use]
    pub const fn missing_payload(&self) -> u64 {
        match self.state {
            State::Payload => self.frame.len - self.arrived,
            _ => 0,
        }
    }

    /// Which end this is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The limits in force; a change acts from the next frame on.
    pub const fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Wire bytes that the frames of the open message announced so far.
    #[must_use]
    pub const fn message_len(&self) -> u64 {
        self.message.wire_len
    }

    /// Bytes held because a frame is incomplete.
    #[must_use]
    pub const fn held_bytes(&self) -> u64 {
        self.header.len() as u64 + self.arrived
    }

    /// Frames of the open message so far.
    #[must_use]
    pub const fn open_frames(&self) -> u32 {
        self.message.frames
    }

    /// Whether a compressed frame waits for [`handle_inflated`](Self::handle_inflated).
    #[must_use]
    pub fn is_inflating(&self) -> bool {
        self.state == State::Inflating
    }

    /// Whether input is ignored: after a close frame or an error.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Where the frames of the last message end in its payload, if it had more than one; empty
    /// frames are left out. Valid until the next message begins.
    #[must_use]
    pub fn fragment_ends(&self) -> &[usize] {
        self.message.ends()
    }

    fn step(&mut self, input: &mut Input<'_>) -> Result<Option<Event<S>>, ProtocolError> {
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
    const fn feeds_message(&self) -> bool {
        !self.frame.is_control() && !self.message.compressed
    }

    /// The whole payload where it lies in this chunk; else stores what is there.
    /// `Some(None)`: complete, and stored.
    fn read_payload(
        &mut self,
        input: &mut Input<'_>,
    ) -> Result<Option<Option<std::ops::Range<usize>>>, ProtocolError> {
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
        in_chunk: Option<std::ops::Range<usize>>,
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
        in_chunk: Option<std::ops::Range<usize>>,
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

    fn frame_payload(
        &mut self,
        in_chunk: Option<std::ops::Range<usize>>,
        input: &Input<'_>,
    ) -> Payload<S> {
        match (in_chunk, self.frame_store.take()) {
            (Some(range), _) => Payload::Input(range),
            (None, Some(store)) => Payload::Stored(store),
            (None, None) => Payload::Input(input.position..input.position),
        }
    }

    fn inflated(&mut self, bytes: &[u8]) -> Result<Inflated<S>, ProtocolError> {
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

    /// Nothing more is read, and what was kept for the open message is given back.
    fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        self.state = State::Done;
        self.frame_store = None;
        self.message = Assembly::default();
        error
    }
}
