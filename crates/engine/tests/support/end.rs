//! One end of a connection: the engine, its wire, and the program that uses it.

mod send;

use std::time::Duration;

use ws_rs_engine::connection::{Connection, Sent};
use ws_rs_engine::registry::Id;
use ws_rs_protocol::{Config, Role};

use super::Payload;
use super::compressor::Compressor;
use super::ledger::{Ledger, Seen};
use super::reader::Reader;
use super::threads::Threads;
use super::wire::Wire;

#[derive(Debug)]
pub struct End {
    pub engine: Connection<Vec<u8>, Payload>,
    id: Id,
    role: Role,
    pub wire: Wire,
    /// What the stream has, if it writes.
    stream: Option<Vec<u8>>,
    pub ledger: Ledger,
    pub compressor: Compressor,
    pub reader: Reader,
    /// Of the message that is open: its bytes so far.
    open: Option<Vec<u8>>,
    is_closed: bool,
    is_destroyed: bool,
    has_sent_in_tick: bool,
    waits_since: Option<Duration>,
}

impl End {
    /// `resets`: each compressed message begins a new context, in both directions.
    pub fn new(role: Role, capacity: usize, resets: bool, threads: &mut Threads) -> Self {
        let config = Config {
            compression: true,
            ..Config::default()
        };
        let mut engine = Connection::new(role, config);
        engine.set_writes(true);
        Self {
            engine,
            id: 0,
            role,
            wire: Wire::new(capacity),
            stream: None,
            ledger: Ledger::default(),
            compressor: Compressor::new(&mut threads.compression, resets),
            reader: Reader::new(&mut threads.compression, resets),
            open: None,
            is_closed: false,
            is_destroyed: false,
            has_sent_in_tick: false,
            waits_since: None,
        }
    }

    pub fn set_id(&mut self, id: Id) {
        self.id = id;
    }

    /// Whether the program may send: it has neither closed nor destroyed it.
    pub fn is_open(&self) -> bool {
        !self.is_closed && !self.is_destroyed
    }

    /// Whether a part of a message was sent, and more of it is to come.
    pub const fn has_open_message(&self) -> bool {
        self.open.is_some()
    }

    /// Writes what waits, as the end of a tick or batch, a writable wire or an overdue look do.
    pub fn write_waiting(&mut self) {
        let Self { engine, wire, .. } = self;
        let (sent, attend) = engine.write_waiting(Some(&mut |slices| wire.write(slices)));
        let is_tracking = self.engine.outbox().is_tracking();
        assert!(attend || !is_tracking, "fates wait, and nobody looks");
        assert!(attend || sent != Sent::Failed, "it broke, and nobody looks");
        self.after(sent);
    }

    /// The stream writes from now on, or a wire if the stream has nothing.
    pub fn set_native(&mut self, is_native: bool) {
        match (&self.stream, is_native) {
            (None, false) => {
                self.engine.set_writes(false);
                self.stream = Some(Vec::new());
                self.give();
            }
            (Some(bytes), true) if bytes.is_empty() && self.engine.outbox().waiting() == 0 => {
                self.stream = None;
                self.engine.set_writes(!self.is_destroyed);
            }
            _ => {}
        }
        self.harvest();
    }

    /// The program destroys the connection: what waits is lost.
    pub fn destroy(&mut self) {
        self.is_destroyed = true;
        self.engine.discard();
        if let Some(bytes) = &mut self.stream {
            bytes.clear();
        }
        self.harvest();
    }

    /// The stream writes what it has.
    pub fn pump(&mut self) {
        while let Some(bytes) = &mut self.stream
            && !bytes.is_empty()
        {
            match self.wire.write(&[bytes]) {
                ws_rs_engine::outbox::Taken::Bytes(len)
                | ws_rs_engine::outbox::Taken::Handed(len) => drop(bytes.drain(..len)),
                ws_rs_engine::outbox::Taken::Blocked => return,
                ws_rs_engine::outbox::Taken::Failed(_)
                | ws_rs_engine::outbox::Taken::FailedBehind(..) => bytes.clear(),
            }
        }
    }

    /// Decodes bytes of the peer; returns the events.
    pub fn receive(&mut self, bytes: &[u8], threads: &mut Threads) -> Vec<Seen> {
        let Threads {
            compression, jobs, ..
        } = threads;
        let protocol = &mut self.engine.protocol;
        self.reader.read(protocol, bytes, (compression, jobs))
    }

    pub fn end_tick(&mut self) {
        self.has_sent_in_tick = false;
    }

    /// What holds at any time outside of a call; `is_listed`: some wait for the end of a tick.
    pub fn check(&mut self, now: Duration, is_listed: bool) {
        let outbox = self.engine.outbox();
        let waiting = outbox.waiting();
        if outbox.is_blocked() {
            assert!(waiting > 0 && outbox.blocked_len() >= waiting);
        } else {
            assert_eq!(outbox.blocked_len(), 0);
            assert!(waiting == 0 || is_listed, "{waiting} bytes are forgotten");
            assert!(waiting < 16 * 1024, "{waiting} bytes wait for others");
        }
        if waiting == 0 || outbox.is_blocked() {
            self.waits_since = None;
        } else {
            self.waits_since.get_or_insert(now);
        }
    }

    /// What holds after a look at overdue frames.
    pub fn check_delay(&self, now: Duration) {
        let since = self.waits_since.unwrap_or(now);
        assert!(now - since < Duration::from_micros(100), "frames wait");
    }

    /// What holds when all was written, or lost; `is_read`: the peer has read it all.
    pub fn check_end(&mut self, is_read: bool) {
        let outbox = self.engine.outbox();
        assert_eq!((outbox.waiting(), outbox.blocked_len()), (0, 0));
        assert!(!outbox.is_tracking() && !outbox.is_blocked());
        assert_eq!(self.stream.as_ref().map_or(0, Vec::len), 0);
        assert_eq!(self.engine.take_spare(), None, "memory goes round");
        let is_whole =
            self.engine.write_error().is_none() && !self.is_destroyed && self.wire.broken.is_none();
        let wire_taken = is_whole.then_some(self.wire.taken);
        self.ledger.check_end(wire_taken, is_read);
    }

    fn after(&mut self, sent: Sent) {
        if sent == Sent::Written {
            self.engine.take_spare();
        }
        if sent == Sent::Take {
            self.give();
        }
        self.harvest();
    }

    /// Gives the stream what waits.
    fn give(&mut self) {
        // What is known is of frames before those that move.
        self.harvest();
        let Some(stream) = &mut self.stream else {
            return;
        };
        let Some(bytes) = self.engine.take_all() else {
            return;
        };
        stream.extend_from_slice(&bytes);
        self.ledger.untrack_rest();
    }

    /// Takes the fates that are known.
    fn harvest(&mut self) {
        let is_broken = self.is_destroyed || self.engine.write_error().is_some();
        while let Some(fate) = self.engine.poll_fate() {
            self.ledger.settle(fate, self.wire.taken, is_broken);
            while self.engine.poll_fate_if(fate) {
                self.ledger.settle(fate, self.wire.taken, is_broken);
            }
        }
    }
}
