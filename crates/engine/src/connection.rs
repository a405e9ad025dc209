//! One connection: what it reads with, what it has to send, and who writes that.

mod handed;
mod heartbeat;
mod passage;
mod sent;
mod shared;

pub use self::passage::Passage;
pub use self::sent::Sent;

use std::rc::Rc;
use std::time::Duration;

use ws_rs_protocol as protocol;

use crate::meter::Meter;
use crate::outbox::{Fate, Lent, Outbox, Taken, Written};
use crate::registry::Id;
use crate::schedule::{AT_ONCE, Moment, Pace, Schedule};

/// Takes bytes off a connection; `None` where there is nothing native to write to.
pub type Wire<'a> = Option<&'a mut dyn FnMut(&[&[u8]]) -> Taken>;

/// Why nothing can be written any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteError {
    /// The wire broke: a system error number.
    System(i32),
    /// A payload was taken away without which the peer would not understand what is behind it.
    TakenAway,
}

/// How a frame is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Other messages of the same chunk are yet to be handed out.
    pub more_messages: bool,
    /// Its fate is asked for.
    pub track: bool,
}

/// A connection, between the protocol and the wire. `S` is where messages are put together, `P` a
/// payload that is lent.
// What most messages need comes first, as in that of the protocol.
#[derive(Debug)]
#[repr(C)]
pub struct Connection<S, P> {
    outbox: Outbox<P>,
    pace: Pace,
    /// Whether a wire is written to here; else a stream writes.
    writes: bool,
    /// Whether frames for many need no look at it.
    takes_shared: bool,
    write_error: Option<WriteError>,
    /// From where on such frames are refused.
    most_waiting: u64,
    /// Bytes that were read from a wire.
    pub bytes_read: u64,
    /// Who counts what it receives and sends, if anybody does.
    pub meter: Option<Rc<Meter>>,
    /// Chunks that came from a stream.
    pub chunks: u64,
    /// What the peer's bytes mean.
    pub protocol: protocol::Connection<S>,
}

impl<S: protocol::PayloadStore, P: Lent> Connection<S, P> {
    /// A connection at its start, which a stream writes.
    #[must_use]
    pub fn new(role: protocol::Role, config: protocol::Config) -> Self {
        Self {
            outbox: Outbox::default(),
            pace: Pace::default(),
            writes: false,
            takes_shared: false,
            write_error: None,
            most_waiting: u64::MAX,
            bytes_read: 0,
            meter: None,
            chunks: 0,
            protocol: protocol::Connection::new(role, config),
        }
    }

    /// Sends a frame that `encode` appends, now or at the moment that `schedule` says; `now` is
    /// asked if it is the first to wait. `spare` gives memory to append to where there is none.
    ///
    /// # Errors
    /// That of `encode`; nothing is sent then.
    pub fn send<E>(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
        options: Options,
        (schedule, id): (&mut Schedule, Id),
        now: impl FnOnce() -> Duration,
        spare: impl FnOnce() -> Vec<u8>,
        wire: Wire<'_>,
    ) -> Result<Sent, E> {
        if self.write_error.is_some() {
            return Ok(self.refuse(options));
        }
        let before = self.outbox.waiting();
        self.outbox.append(spare, |out| {
            let start = out.len();
            let result = encode(out);
            if result.is_err() {
                // What it had appended before it failed is no frame.
                out.truncate(start);
            }
            result
        })?;
        self.meter_wire(self.outbox.waiting() - before);
        let sent = if self.outbox.is_blocked() {
            Sent::Blocked
        } else {
            let lens = (before, self.outbox.waiting());
            let how = (options.more_messages, AT_ONCE);
            match schedule.moment(id, &mut self.pace, lens, how, now) {
                Moment::Now => self.write(wire),
                Moment::WithBatch if self.writes => Sent::WithBatch,
                Moment::WithBatch | Moment::WithTick => Sent::WithTick,
            }
        };
        if options.track {
            self.outbox.track();
        }
        Ok(sent)
    }

    /// Sends an unmasked frame whose payload is written from where it lies, now or, if the wire does
    /// not take it, later: from what `lend` gives, or else from a copy. If the stream writes, only
    /// the header is queued, and the payload is for it to write behind that.
    ///
    /// # Panics
    /// If the header is longer than a frame's can be.
    pub fn send_lent(
        &mut self,
        header: &[u8],
        payload: &[u8],
        options: Options,
        lend: impl FnOnce() -> Option<P>,
        spare: impl FnOnce() -> Vec<u8>,
        wire: Wire<'_>,
    ) -> Sent {
        if self.write_error.is_some() {
            return self.refuse(options);
        }
        self.meter_wire((header.len() + payload.len()) as u64);
        let sent = match wire.filter(|_| self.writes) {
            None => {
                self.outbox
                    .append(spare, |out| out.extend_from_slice(header));
                Sent::Take
            }
            Some(_) if self.outbox.is_blocked() => {
                match lend() {
                    Some(lent) => self.outbox.push_lent(header, lent, payload.len()),
                    None => self.outbox.append(spare, |out| {
                        out.extend_from_slice(header);
                        out.extend_from_slice(payload);
                    }),
                }
                Sent::Blocked
            }
            Some(wire) => {
                let written = self.outbox.write_through(header, payload, lend, wire);
                self.note(written)
            }
        };
        if options.track {
            self.outbox.track();
        }
        sent
    }

    /// Writes what waits, if that is not the stream's.
    pub fn write(&mut self, wire: Wire<'_>) -> Sent {
        match wire {
            Some(wire) if self.writes => {
                let written = self.outbox.write(wire);
                self.note(written)
            }
            _ => Sent::Take,
        }
    }

    /// As [`write`](Self::write), and says whether the program has to look at what came of it: at
    /// fates, at a wire that broke, takes no more or has room again, or at frames that are the
    /// stream's to write.
    pub fn write_waiting(&mut self, wire: Wire<'_>) -> (Sent, bool) {
        if !self.writes {
            return (Sent::Take, self.outbox.waiting() > 0);
        }
        let was_blocked = self.outbox.is_blocked();
        let sent = self.write(wire);
        let is_other = was_blocked != (sent == Sent::Blocked);
        let attend = sent == Sent::Failed || is_other || self.outbox.is_tracking();
        (sent, attend)
    }

    /// As [`write`](Self::write), unless the wire is known to take no more; `has_room` says that it does again.
    pub fn settle(&mut self, has_room: bool, wire: Wire<'_>) -> Sent {
        if has_room || !self.outbox.is_blocked() {
            self.write(wire)
        } else {
            Sent::Blocked
        }
    }

    /// Whether the program has to look at what became of a frame that was sent without telling it: at a fate, at a wire
    /// that broke or takes no more, or at what is the stream's to write. `was_blocked` says that the wire took no more
    /// before.
    pub fn needs_look(&self, sent: Sent, was_blocked: bool) -> bool {
        match sent {
            Sent::WithBatch => false,
            Sent::Blocked => !was_blocked,
            Sent::Written => self.outbox.is_tracking(),
            Sent::WithTick | Sent::Take | Sent::Failed => true,
        }
    }

    /// Counts a message that was sent, unless it failed: the first byte of its frame, and how long it is for the
    /// program.
    pub fn count_message(&self, sent: Sent, first: u8, len: usize) {
        if sent != Sent::Failed
            && let Some(meter) = &self.meter
        {
            meter.send(first, len as u64);
        }
    }

    /// Before a frame of the program's: who has worked for a while since something was written is as one who sends in a
    /// tick of its own. `has_paused` is asked only if this tick has written something of the connection.
    pub fn note_pause(&self, schedule: &mut Schedule, has_paused: impl FnOnce() -> bool) {
        if !schedule.is_first_in_tick(self.pace) && has_paused() {
            schedule.end_tick();
        }
    }

    /// Who writes from now on: a wire, or a stream.
    pub const fn set_writes(&mut self, writes: bool) {
        self.writes = writes;
    }

    /// Whether a wire is written to here.
    #[must_use]
    pub const fn writes(&self) -> bool {
        self.writes
    }

    /// Why nothing can be written any more, if that is so.
    #[must_use]
    pub const fn write_error(&self) -> Option<WriteError> {
        self.write_error
    }

    /// Moves what waits to the stream; see [`Outbox::take_all`].
    pub fn take_all(&mut self) -> Option<Vec<u8>> {
        let all = self.outbox.take_all();
        if all.is_none() {
            self.write_error = Some(WriteError::TakenAway);
        }
        all
    }

    /// What waits is lost, and no wire is written to any more.
    pub fn discard(&mut self) {
        self.outbox.discard();
        self.writes = false;
    }

    /// Nothing can be written any more, for a reason of the caller's: a system error number. What
    /// waits is lost.
    pub fn fail(&mut self, error: i32) {
        self.outbox.discard();
        self.write_error = Some(WriteError::System(error));
    }

    /// What became of the next tracked frame, as soon as it is known.
    pub fn poll_fate(&mut self) -> Option<Fate> {
        self.outbox.poll_fate()
    }

    /// As [`poll_fate`](Self::poll_fate), if the next one is the same as the last.
    pub fn poll_fate_if(&mut self, last: Fate) -> bool {
        self.outbox.poll_fate_if(last)
    }

    /// Memory that is not needed now; see [`Outbox::take_spare`].
    pub fn take_spare(&mut self) -> Option<Vec<u8>> {
        self.outbox.take_spare()
    }

    /// The most that waited for a full wire; see [`Outbox::take_peak`].
    pub fn take_peak(&mut self) -> u64 {
        self.outbox.take_peak()
    }

    /// What is to be sent.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox<P> {
        &self.outbox
    }

    /// Counts bytes of frames that are sent.
    fn meter_wire(&self, bytes: u64) {
        if let Some(meter) = &self.meter {
            meter.sent.wire_bytes.add(bytes);
        }
    }

    /// A frame for a connection that is broken.
    fn refuse(&mut self, options: Options) -> Sent {
        if options.track {
            self.outbox.track_lost();
        }
        Sent::Failed
    }

    fn note(&mut self, written: Written) -> Sent {
        // Nearly always. A jump by a table is guessed wrong behind a system call.
        if written == Written::All {
            return Sent::Written;
        }
        self.write_error = match written {
            Written::All => return Sent::Written,
            Written::Blocked => return Sent::Blocked,
            Written::Failed(error) => Some(WriteError::System(error)),
            Written::Torn => Some(WriteError::TakenAway),
        };
        Sent::Failed
    }
}
