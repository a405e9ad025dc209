//! The short way of a message that is one frame in one chunk.

use super::unfinished::Unfinished;
use super::{Connection, State};
use crate::error::{ErrorKind, ProtocolError};
use crate::event::{Event, Input, Message, Payload};
use crate::header::{Context, Progress, TEXT, inspect};
use crate::mask::apply_mask;
use crate::store::PayloadStore;
use crate::utf8::is_valid_utf8;

impl<S: PayloadStore> Connection<S> {
    /// What most frames are: a message of its own, not compressed and all there. Takes nothing if it
    /// is anything else.
    pub(super) fn whole_message(
        &mut self,
        input: &mut Input<'_>,
    ) -> Result<Option<Event<S>>, ProtocolError> {
        let is_between = |unfinished: &Unfinished<S>| !unfinished.is_in_message();
        if self.state != State::Header || !self.unfinished.as_deref().is_none_or(is_between) {
            return Ok(None);
        }
        let context = Context {
            role: self.role,
            config: &self.config,
            fragmented: false,
            message_len: 0,
        };
        let rest = &mut input.bytes[input.position..];
        let Progress::Complete(frame, start) = inspect(rest, &context)? else {
            return Ok(None);
        };
        if !frame.is_message() || frame.len > (rest.len() - start) as u64 {
            return Ok(None);
        }
        let end = start + frame.len as usize;
        let payload = &mut rest[start..end];
        if let Some(key) = frame.mask {
            apply_mask(payload, key);
        }
        let binary = frame.opcode != TEXT;
        if !binary && !self.config.skip_utf8_validation && !is_valid_utf8(payload) {
            return Err(ProtocolError::new(ErrorKind::InvalidUtf8));
        }
        let position = input.position;
        input.position += end;
        // At most it has the ends of the last message's fragments.
        self.unfinished = None;
        Ok(Some(Event::Message(Message {
            binary,
            payload: Payload::Input(position + start..position + end),
            frames: 1,
        })))
    }
}
