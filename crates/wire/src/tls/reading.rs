//! How plaintext is read out of what the kernel has.

use super::Tls;
use super::context::take_name;
use super::scratch::{MAX_RECEIVED, SCRATCH};
use super::session::{MAX_RECORD, RECORD_OVERHEAD};
use crate::descriptor::borrow;
use crate::read::{Read, read_some, waiting};

impl Tls {
    /// Reads plaintext into `room`, which is not empty: all there is, or as much as it takes.
    pub(crate) fn read(&mut self, room: &mut [u8]) -> Read {
        let Some(session) = &mut self.session else {
            return Read::Empty;
        };
        let mut filled = session.plain.take(room);
        while filled < room.len() && self.end().is_none() {
            let before = filled;
            let wanted = room.len() - filled;
            // Records are longer than what is in them.
            let asked = wanted + (wanted / MAX_RECORD + 2) * RECORD_OVERHEAD;
            let is_more = self.receive_into(asked, room, &mut filled);
            // What is before an end is given out before that is read: an error that is there is then still the
            // kernel's, and whoever answers meets it by writing.
            if !is_more || filled > before && self.until_empty {
                break;
            }
            if filled == before && self.end().is_some() {
                break;
            }
        }
        match self.end() {
            _ if filled > 0 => Read::Bytes(filled),
            None => Read::Empty,
            Some(0) => Read::End,
            Some(error) => Read::Failed(error),
        }
    }

    /// As [`read`](Self::read), but only what one record holds, as Node gives it to streams. A stream may tell
    /// what came in one piece: Node's HTTP gives what stands behind a request in the same one to whoever
    /// upgrades, and keeps the next one.
    pub(crate) fn read_record(&mut self, room: &mut [u8]) -> Read {
        loop {
            let Some(session) = &mut self.session else {
                return Read::Empty;
            };
            let len = session.plain.take_record(room);
            if len > 0 {
                return Read::Bytes(len);
            }
            match self.end() {
                None => {}
                Some(0) => return Read::End,
                Some(error) => return Read::Failed(error),
            }
            if !self.receive(room.len(), &mut []) && !self.has_more() {
                return Read::Empty;
            }
        }
    }

    /// Whether the next [`read_record`](Self::read_record) does without the kernel.
    pub(crate) fn has_record(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.plain.has_record())
    }

    /// What was read of it is to be read again, before all else.
    pub(crate) fn put_back(&mut self, unread: Vec<u8>) {
        if let Some(session) = &mut self.session {
            session.plain.put_back(unread);
        }
    }

    /// Whether there is something to read that the kernel knows nothing of, or the end.
    pub(crate) fn has_more(&self) -> bool {
        !self.plaintext().is_empty() || self.end().is_some()
    }

    /// Whether there may be something to read of which nobody was told.
    pub(crate) const fn may_have_more(&self) -> bool {
        !self.is_drained
    }

    /// The kernel has more, which nobody reads now, and does not say so again.
    pub(crate) const fn leave_unread(&mut self) {
        self.is_drained = false;
    }

    /// There is an end behind what is to be read: it is read to that from now on.
    pub(crate) const fn read_until_empty(&mut self) {
        self.until_empty = true;
        self.is_drained = false;
        self.is_behind_part = false;
    }

    /// Whether something came before the end, once that is read to, be it a part of a record only.
    pub(crate) const fn is_behind_part(&self) -> bool {
        self.is_behind_part
    }

    /// How many bytes have come, at most.
    pub(crate) fn waiting(&self) -> usize {
        waiting(borrow(self.fd)) + self.plaintext().len() + self.partial_len()
    }

    /// How many bytes of the last record wait, at most.
    pub(crate) fn behind(&self) -> usize {
        self.plaintext().len().min(MAX_RECORD)
    }

    /// Reads up to `asked` bytes of records once; see [`receive_into`](Self::receive_into).
    pub(super) fn receive(&mut self, asked: usize, room: &mut [u8]) -> bool {
        self.receive_into(asked, room, &mut 0)
    }

    /// Reads up to `asked` bytes of records once, and puts what they hold behind the first `filled`
    /// bytes of `room`. Returns whether the kernel may have more.
    fn receive_into(&mut self, asked: usize, room: &mut [u8], filled: &mut usize) -> bool {
        SCRATCH.with_borrow_mut(|scratch| {
            let scratch = &mut scratch.received[..];
            let held = self.partial_len();
            let asked = asked.min(MAX_RECEIVED);
            let result = read_some(borrow(self.fd), &mut scratch[held..held + asked]);
            let len = match result {
                Read::Bytes(len) => len,
                Read::Empty => {
                    self.is_drained = true;
                    return false;
                }
                Read::End | Read::Failed(_) | Read::Broken | Read::Dead => {
                    self.kernel_end = Some(match result {
                        Read::Failed(error) => error,
                        _ => 0,
                    });
                    return false;
                }
            };
            self.is_behind_part = self.until_empty;
            self.note_first(&scratch[held..held + len]);
            let Some(session) = &mut self.session else {
                return false;
            };
            let is_handshaking = session.is_handshaking();
            *filled += session.receive(scratch, len, &mut room[*filled..]);
            if is_handshaking && let Some(name) = take_name() {
                self.server_name = Some(name);
            }
            // Little waits for the answer to a request, and goes out with that.
            if !session.outgoing.is_empty() && (session.plain.is_empty() || !session.has_little()) {
                self.flush();
            }
            self.is_drained = len < asked && !self.until_empty;
            !self.is_drained
        })
    }
}
