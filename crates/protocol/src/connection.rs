//! The state machine of one connection.

mod frames;
mod unfinished;
mod whole_message;

use self::unfinished::Unfinished;
use crate::config::{Config, Role};
use crate::error::{ErrorKind, ProtocolError};
use crate::event::{Event, Inflated, Input};
use crate::mask::rotate;
use crate::store::PayloadStore;

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
// Small, as a server has one for each idle connection, too.
#[derive(Debug)]
pub struct Connection<S = Vec<u8>> {
    config: Config,
    role: Role,
    state: State,
    /// What is only there while a frame or a message has not come to its end.
    unfinished: Option<Box<Unfinished<S>>>,
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
            unfinished: None,
        }
    }

    /// Takes a chunk from the peer; its payloads will be unmasked in place.
    ///
    /// # Errors
    /// [`TooManyBufferedChunks`](ErrorKind::TooManyBufferedChunks) if an incomplete frame already
    /// holds as many as the configuration allows.
    pub fn handle_bytes<'a>(&mut self, bytes: &'a mut [u8]) -> Result<Input<'a>, ProtocolError> {
        let max = self.config.max_buffered_chunks;
        if max > 0 && self.held_chunks() >= max && self.state != State::Done {
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
            Ok(None) => self.frame_by_frame(input),
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
        let Some(mut unfinished) = self.unfinished.take() else {
            unreachable!("it is kept while a frame is being inflated");
        };
        let result = self.inflated(&mut unfinished, bytes);
        self.keep(unfinished);
        result.map_err(|error| self.fail(error))
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
        let Some(unfinished) = self.unfinished.as_deref_mut() else {
            return Ok(None);
        };
        let arrived = unfinished.arrived;
        let key = unfinished.frame.mask.map(|key| rotate(key, arrived));
        let missing = unfinished.frame.len - arrived;
        let check_text = !self.config.skip_utf8_validation;
        let message = &mut unfinished.message;
        match message.fill((missing, waiting), key, check_text, read) {
            Ok(filled) => {
                unfinished.arrived += filled as u64;
                unfinished.held_chunks += u32::from(filled > 0);
                Ok(Some(filled))
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Whether [`fill_payload`](Self::fill_payload) has something to read.
    #[must_use]
    pub fn wants_payload(&self) -> bool {
        self.state == State::Payload
            && self
                .unfinished
                .as_ref()
                .is_some_and(|unfinished| unfinished.wants_payload())
    }

    /// How many payload bytes the current frame misses.
    #[must_use]
    pub fn missing_payload(&self) -> u64 {
        match (&self.unfinished, self.state) {
            (Some(unfinished), State::Payload) => unfinished.frame.len - unfinished.arrived,
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
    pub fn message_len(&self) -> u64 {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(0, |unfinished| unfinished.message.wire_len)
    }

    /// Bytes held because a frame is incomplete.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(0, |unfinished| {
            unfinished.header.len() as u64 + unfinished.arrived
        })
    }

    /// Frames of the open message so far.
    #[must_use]
    pub fn open_frames(&self) -> u32 {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(0, |unfinished| unfinished.message.frames)
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
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(&[], |unfinished| unfinished.message.ends())
    }

    /// Chunks held because a frame is incomplete.
    fn held_chunks(&self) -> u32 {
        let unfinished = self.unfinished.as_ref();
        unfinished.map_or(0, |unfinished| unfinished.held_chunks)
    }

    /// What is not one whole message. A frame that is whole needs no memory, unless its message is not.
    fn frame_by_frame(&mut self, input: &mut Input<'_>) -> Result<Option<Event<S>>, ProtocolError> {
        if self.state == State::Done {
            input.take(usize::MAX);
            return Ok(None);
        }
        if let Some(mut unfinished) = self.unfinished.take() {
            let event = self.step(&mut unfinished, input);
            self.keep(unfinished);
            return event;
        }
        if input.remaining() == 0 {
            return Ok(None);
        }
        let mut unfinished = Unfinished::default();
        let event = self.step(&mut unfinished, input);
        if self.needs(&unfinished) {
            self.unfinished = Some(Box::new(unfinished));
        }
        event
    }

    /// Keeps what has not come to its end.
    fn keep(&mut self, unfinished: Box<Unfinished<S>>) {
        if self.needs(&unfinished) {
            self.unfinished = Some(unfinished);
        }
    }

    const fn needs(&self, unfinished: &Unfinished<S>) -> bool {
        matches!(self.state, State::Payload | State::Inflating) || unfinished.is_needed()
    }

    /// Nothing more is read, and what was kept for the open message is given back.
    fn fail(&mut self, error: ProtocolError) -> ProtocolError {
        self.state = State::Done;
        self.unfinished = None;
        error
    }
}
