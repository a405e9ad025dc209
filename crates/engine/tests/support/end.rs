//! One end of a connection: the engine, its wire, and the program that uses it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ws_rs_engine::connection::{Connection, Options, Sent};
use ws_rs_engine::registry::Id;
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{Config, Control, Data, Frame, OpCode, Role, encode_frame, encode_header};

use super::Payload;
use super::ledger::{Entry, Ledger, Seen};
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
    /// Of the message that is open: its bytes so far.
    open: Option<Vec<u8>>,
    is_closed: bool,
    is_destroyed: bool,
    has_sent_in_tick: bool,
    waits_since: Option<Duration>,
}

impl End {
    pub fn new(role: Role, capacity: usize) -> Self {
        let mut engine = Connection::new(role, Config::default());
        engine.set_writes(true);
        Self {
            engine,
            id: 0,
            role,
            wire: Wire::new(capacity),
            stream: None,
            ledger: Ledger::default(),
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

    /// Sends a frame that is joined with others: a part of a message if `fin` is false or one is
    /// open. Text is binary if it is part of an open message.
    pub fn send(
        &mut self,
        opcode: OpCode,
        payload: &[u8],
        fin: bool,
        options: Options,
        (schedule, now): (&mut Schedule, Duration),
        is_batched: bool,
    ) -> Sent {
        let (opcode, event) = self.begin(opcode, payload, fin);
        let frame = Frame {
            fin,
            rsv1: false,
            opcode,
            mask: (self.role == Role::Client).then_some([1, 2, 3, 4]),
        };
        let mut bytes = Vec::new();
        encode_frame(&frame, payload, &mut bytes);
        let sending = (bytes.len(), event, None);
        let sent = self.add(&bytes, sending, options, (schedule, now));
        let waits = matches!(sent, Sent::WithBatch | Sent::WithTick);
        let may_wait = options.more_messages || is_batched || self.has_sent_in_tick;
        assert!(may_wait || !waits, "the first frame of a tick waits");
        self.has_sent_in_tick |= !waits;
        sent
    }

    /// Sends a frame that others get, too, unless a message is open. Where a stream writes it is sent
    /// as any other.
    pub fn share(
        &mut self,
        frame: &Arc<[u8]>,
        payload: &[u8],
        more_messages: bool,
        (schedule, now): (&mut Schedule, Duration),
    ) {
        let binary = OpCode::Data(Data::Binary);
        let options = Options {
            more_messages,
            track: false,
        };
        if !self.is_open() || self.open.is_some() {
            return;
        }
        if !self.engine.writes() || self.engine.write_error().is_some() {
            self.send(binary, payload, true, options, (schedule, now), true);
            return;
        }
        let (_, event) = self.begin(binary, payload, true);
        self.push(frame.len(), event, None, options);
        let Self { engine, wire, .. } = self;
        let sent = engine.send_shared(
            frame,
            more_messages,
            (schedule, self.id),
            || now,
            || Vec::with_capacity(64),
            Some(&mut |slices| wire.write(slices)),
        );
        let sent = sent.expect("a wire writes");
        self.has_sent_in_tick |= !matches!(sent, Sent::WithBatch | Sent::WithTick);
        self.after(sent);
    }

    /// Sends an unmasked frame whose payload is lent.
    pub fn send_lent(
        &mut self,
        opcode: OpCode,
        payload: &Payload,
        fin: bool,
        options: Options,
        can_lend: bool,
    ) -> Sent {
        let (opcode, event) = self.begin(opcode, payload.whole(), fin);
        let frame = Frame {
            fin,
            rsv1: false,
            opcode,
            mask: None,
        };
        let (header, len) = encode_header(&frame, payload.whole().len() as u64);
        let is_message = fin && opcode != OpCode::Data(Data::Continue);
        self.add_lent(
            &header[..len],
            payload,
            (event, is_message),
            options,
            can_lend,
        )
    }

    /// Sends a frame that somebody else made, in two parts, the second of which is lent.
    pub fn send_raw(
        &mut self,
        payload: &Payload,
        options: Options,
        (schedule, now): (&mut Schedule, Duration),
    ) -> Sent {
        let (opcode, event) = self.begin(OpCode::Data(Data::Binary), payload.whole(), true);
        let frame = Frame {
            fin: true,
            rsv1: false,
            opcode,
            mask: None,
        };
        let (header, len) = encode_header(&frame, payload.whole().len() as u64);
        let first = Options {
            more_messages: true,
            track: false,
        };
        self.add(&header[..len], (len, None, None), first, (schedule, now));
        self.add_lent(&[], payload, (event, false), options, true)
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
                ws_rs_engine::outbox::Taken::Bytes(len) => drop(bytes.drain(..len)),
                ws_rs_engine::outbox::Taken::Blocked => return,
                ws_rs_engine::outbox::Taken::Failed(_) => bytes.clear(),
            }
        }
    }

    /// Decodes bytes of the peer; returns the events.
    pub fn receive(&mut self, mut bytes: Vec<u8>) -> Vec<Seen> {
        let protocol = &mut self.engine.protocol;
        let mut seen = Vec::new();
        let mut input = protocol.handle_bytes(&mut bytes).expect("no chunk limit");
        while let Some(event) = protocol
            .poll_event(&mut input)
            .expect("whole frames of a peer that keeps the rules")
        {
            seen.push(Seen::of(event, &input));
        }
        seen
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

    /// What holds when all was written, or lost.
    pub fn check_end(&mut self) {
        let outbox = self.engine.outbox();
        assert_eq!((outbox.waiting(), outbox.blocked_len()), (0, 0));
        assert!(!outbox.is_tracking() && !outbox.is_blocked());
        assert_eq!(self.stream.as_ref().map_or(0, Vec::len), 0);
        assert_eq!(self.engine.take_spare(), None, "memory goes round");
        let is_whole =
            self.engine.write_error().is_none() && !self.is_destroyed && self.wire.broken.is_none();
        self.ledger.check_end(is_whole.then_some(self.wire.taken));
    }

    /// The opcode to send with, and the event that the frame completes.
    fn begin(&mut self, opcode: OpCode, payload: &[u8], fin: bool) -> (OpCode, Option<Seen>) {
        let bytes = payload.to_vec();
        match opcode {
            OpCode::Control(Control::Close) => {
                self.is_closed = true;
                (opcode, Some(Seen::Close(bytes)))
            }
            OpCode::Control(_) => (opcode, Some(Seen::Ping(bytes))),
            OpCode::Data(data) => match &mut self.open {
                Some(open) => {
                    open.extend_from_slice(payload);
                    let whole = if fin { self.open.take() } else { None };
                    (OpCode::Data(Data::Continue), whole.map(Seen::Binary))
                }
                None if !fin => {
                    self.open = Some(bytes);
                    (OpCode::Data(Data::Binary), None)
                }
                None if data == Data::Text => (opcode, Some(Seen::Text(bytes))),
                None => (opcode, Some(Seen::Binary(bytes))),
            },
        }
    }

    fn add(
        &mut self,
        bytes: &[u8],
        (len, event, payload): (usize, Option<Seen>, Option<(Payload, bool)>),
        options: Options,
        (schedule, now): (&mut Schedule, Duration),
    ) -> Sent {
        let options = self.push(len, event, payload, options);
        let Self { engine, wire, .. } = self;
        let result = engine.send(
            |out| {
                out.extend_from_slice(bytes);
                Ok::<(), Infallible>(())
            },
            options,
            (schedule, self.id),
            || now,
            || Vec::with_capacity(64),
            Some(&mut |slices| wire.write(slices)),
        );
        let Ok(sent) = result;
        self.after(sent);
        sent
    }

    fn add_lent(
        &mut self,
        header: &[u8],
        payload: &Payload,
        (event, is_message): (Option<Seen>, bool),
        options: Options,
        can_lend: bool,
    ) -> Sent {
        let whole = payload.whole();
        let lent = Some((payload.clone(), is_message));
        // Lent ones are tracked, to know which are left out.
        let options = Options {
            track: true,
            ..options
        };
        let options = self.push(header.len() + whole.len(), event, lent, options);
        let Self { engine, wire, .. } = self;
        let sent = engine.send_lent(
            header,
            whole,
            options,
            || can_lend.then(|| payload.clone()),
            || Vec::with_capacity(64),
            Some(&mut |slices| wire.write(slices)),
        );
        self.after(sent);
        if sent == Sent::Take
            && let Some(stream) = &mut self.stream
        {
            stream.extend_from_slice(whole);
        }
        sent
    }

    /// Notes what is sent now. The callbacks of what the stream writes are its own.
    fn push(
        &mut self,
        len: usize,
        event: Option<Seen>,
        payload: Option<(Payload, bool)>,
        options: Options,
    ) -> Options {
        let is_tracked = options.track && self.stream.is_none();
        self.ledger.push(Entry {
            len: len as u64,
            event,
            is_tracked,
            payload,
        });
        Options {
            track: is_tracked,
            ..options
        }
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
