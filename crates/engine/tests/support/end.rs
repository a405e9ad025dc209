//! One end of a connection, and what its program knows: frames it sent, fates it was told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use ws_rs_engine::connection::{Connection, Options, Sent};
use ws_rs_engine::outbox::Fate;
use ws_rs_engine::registry::Id;
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{
    Config, Control, Data, Event, Frame, Input, Message, OpCode, Role, encode_frame, encode_header,
};

use super::Payload;
use super::wire::Wire;

/// An event with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Close(Vec<u8>),
}

/// A frame, or a part of one, that was sent.
#[derive(Debug)]
struct Sending {
    /// Bytes that the wire is to take for it.
    len: u64,
    /// What it completes.
    event: Option<Seen>,
    is_tracked: bool,
    fate: Option<Fate>,
    /// What it is made of, if that was lent, and whether it is a message of its own.
    payload: Option<(Payload, bool)>,
    has_arrived: bool,
}

#[derive(Debug)]
pub struct End {
    pub engine: Connection<Vec<u8>, Payload>,
    id: Id,
    role: Role,
    pub wire: Wire,
    /// What the stream has, if it writes.
    stream: Option<Vec<u8>>,
    sent: Vec<Sending>,
    /// The first whose fate is not known, and the bytes of those before it that the wire took.
    settled: (usize, u64),
    /// The first that has not arrived.
    arrived: usize,
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
            sent: Vec::new(),
            settled: (0, 0),
            arrived: 0,
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
            seen.push(read_event(event, &input));
        }
        seen
    }

    /// The peer has seen this of what was sent here.
    pub fn expect(&mut self, seen: &Seen) {
        let next = self.sent[self.arrived..]
            .iter_mut()
            .position(|sending| sending.event.is_some() && sending.fate != Some(Fate::TakenAway));
        let next = next.expect("nothing arrives that was not sent");
        let sending = &mut self.sent[self.arrived + next];
        assert_eq!(sending.event.as_ref(), Some(seen), "in order and unchanged");
        assert_ne!(
            sending.fate,
            Some(Fate::Lost),
            "what is lost does not arrive"
        );
        sending.has_arrived = true;
        self.arrived += next + 1;
    }

    /// The lent payload that was sent last but `back`.
    pub fn payload(&self, back: usize) -> Option<&Payload> {
        let lent = self.sent.iter().rev().filter_map(|s| s.payload.as_ref());
        lent.map(|(payload, _)| payload).nth(back)
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
        let mut taken = 0;
        for sending in &self.sent {
            assert_eq!(sending.fate.is_some(), sending.is_tracked, "one fate each");
            if let Some((payload, _)) = &sending.payload {
                assert_eq!(payload.references(), 0, "it is given back");
            }
            let is_left_out = sending.fate == Some(Fate::TakenAway);
            if is_whole {
                assert_ne!(sending.fate, Some(Fate::Lost), "nothing is lost");
                assert!(sending.event.is_none() || sending.has_arrived || is_left_out);
                taken += if is_left_out { 0 } else { sending.len };
            }
        }
        if is_whole {
            assert_eq!(self.wire.taken, taken, "each byte once");
        }
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
        self.sent.push(Sending {
            len: len as u64,
            event,
            is_tracked,
            fate: None,
            payload,
            has_arrived: false,
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
        for sending in &mut self.sent[self.settled.0..] {
            sending.is_tracked = false;
        }
    }

    /// Takes the fates that are known.
    fn harvest(&mut self) {
        let mut fates = VecDeque::new();
        while let Some(fate) = self.engine.poll_fate() {
            fates.push_back(fate);
            while self.engine.poll_fate_if(fate) {
                fates.push_back(fate);
            }
        }
        for fate in fates {
            let (mut at, mut taken) = self.settled;
            while !self.sent[at].is_tracked {
                taken += self.sent[at].len;
                at += 1;
            }
            let sending = &mut self.sent[at];
            assert_eq!(sending.fate.replace(fate), None, "one fate each");
            match fate {
                Fate::Written => {
                    taken += sending.len;
                    assert!(self.wire.taken >= taken, "written before it was taken");
                }
                Fate::Lost => {
                    assert!(!sending.has_arrived, "what arrived is not lost");
                    assert!(self.is_destroyed || self.engine.write_error().is_some());
                }
                Fate::TakenAway => {
                    let (payload, is_message) = sending.payload.as_ref().expect("lent");
                    assert!(payload.was_short(), "nobody took it away");
                    assert!(is_message, "a part of a message is not left out");
                }
            }
            self.settled = (at + 1, taken);
        }
    }
}

fn read_event(event: Event<Vec<u8>>, input: &Input<'_>) -> Seen {
    match event {
        Event::Message(Message {
            binary, payload, ..
        }) => {
            let bytes = input.payload(&payload).to_vec();
            if binary {
                Seen::Binary(bytes)
            } else {
                Seen::Text(bytes)
            }
        }
        Event::Ping(payload) | Event::Pong(payload) => Seen::Ping(input.payload(&payload).to_vec()),
        Event::Close(close) => Seen::Close(input.payload(&close.payload).to_vec()),
        Event::Compressed(_) => panic!("nothing is compressed"),
    }
}
