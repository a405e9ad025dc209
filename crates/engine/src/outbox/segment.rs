//! A piece of what waits: joined frames, a frame that many have, or one whose payload is lent.

use std::sync::Arc;

use ws_rs_protocol::MAX_HEADER_LEN;

use super::lent::Lent;

/// FIN, RSV1 and the opcode in the first byte of a frame (RFC 6455, section 5.2).
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const OPCODE: u8 = 0x0f;

#[derive(Debug)]
pub(super) enum Segment<P> {
    Joined {
        bytes: Vec<u8>,
        start: usize,
    },
    /// Others may have the same bytes.
    Shared {
        frame: Arc<[u8]>,
        done: usize,
    },
    Lent(LentFrame<P>),
}

#[derive(Debug)]
pub(super) struct LentFrame<P> {
    header: [u8; MAX_HEADER_LEN],
    header_len: usize,
    payload: P,
    len: usize,
    /// Bytes of header and payload that were written.
    done: usize,
}

impl<P: Lent> Segment<P> {
    /// Bytes that are still to be written.
    pub(super) fn waiting(&self) -> usize {
        match self {
            Self::Joined { bytes, start } => bytes.len() - *start,
            Self::Shared { frame, done } => frame.len() - *done,
            Self::Lent(frame) => frame.header_len + frame.len - frame.done,
        }
    }

    /// Notes that `len` bytes of them were.
    pub(super) fn advance(&mut self, len: usize) {
        match self {
            Self::Joined { start, .. } => *start += len,
            Self::Shared { done, .. } => *done += len,
            Self::Lent(frame) => frame.done += len,
        }
    }

    /// The bytes, in two parts; `None` if the payload is not there any more.
    pub(super) fn slices(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Self::Joined { bytes, start } => Some((&bytes[*start..], &[])),
            Self::Shared { frame, done } => Some((&frame[*done..], &[])),
            Self::Lent(frame) => frame.slices(),
        }
    }

    /// Whether the peer would understand what is behind it without it: it is a message of its own,
    /// not compressed with what was before, and nothing of it was written. What has no header is a
    /// part of a frame.
    pub(super) const fn can_be_left_out(&self) -> bool {
        match self {
            Self::Joined { .. } | Self::Shared { .. } => false,
            Self::Lent(frame) => {
                let first = frame.header[0];
                let is_message = first & (FIN | RSV1) == FIN && first & OPCODE != 0;
                is_message && frame.header_len > 0 && frame.done == 0
            }
        }
    }
}

impl<P: Lent> LentFrame<P> {
    /// # Panics
    /// If the header is longer than a frame's can be.
    pub(super) fn new(header: &[u8], payload: P, len: usize, done: usize) -> Self {
        let mut frame = Self {
            header: [0; MAX_HEADER_LEN],
            header_len: header.len(),
            payload,
            len,
            done,
        };
        frame.header[..header.len()].copy_from_slice(header);
        frame
    }

    fn slices(&self) -> Option<(&[u8], &[u8])> {
        let in_header = self.done.min(self.header_len);
        let payload = self.payload.bytes().get(..self.len)?;
        Some((
            &self.header[in_header..self.header_len],
            &payload[self.done - in_header..],
        ))
    }
}
