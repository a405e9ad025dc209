//! What the program sends, and what it notes of it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use ws_rs_engine::connection::{Options, Sent};
use ws_rs_engine::schedule::Schedule;
use ws_rs_protocol::{
    Control, Data, Frame, OpCode, OutOfMemory, Role, encode_frame, encode_header,
};

use super::super::Payload;
use super::super::compressor::Message;
use super::super::ledger::{Entry, Seen};
use super::End;

impl End {
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
        let frame = self.frame(opcode, fin, false);
        self.join(&frame, payload, event, options, (schedule, now), is_batched)
    }

    /// Sends what became of a message: joined with others, or lent from memory that no program sees.
    pub fn send_compressed(
        &mut self,
        message: &Message,
        bytes: &[u8],
        (schedule, now): (&mut Schedule, Duration),
        is_batched: bool,
    ) -> Sent {
        let options = message.options;
        let (opcode, event) = self.begin(message.opcode, &message.payload, true);
        let frame = self.frame(opcode, true, true);
        if frame.mask.is_some() || bytes.len() < 100 {
            return self.join(&frame, bytes, event, options, (schedule, now), is_batched);
        }
        let (header, len) = encode_header(&frame, bytes.len() as u64);
        let payload = Payload::new(bytes);
        self.add_lent(&header[..len], &payload, (event, false), options, true)
    }

    /// Sends nothing, as there is no memory to encode a frame.
    pub fn send_nothing(&mut self, payload: &[u8], (schedule, now): (&mut Schedule, Duration)) {
        let Self { engine, wire, .. } = self;
        let before = engine.outbox().waiting();
        let sent = engine.send(
            |out| {
                out.extend_from_slice(payload);
                Err(OutOfMemory)
            },
            Options::default(),
            (schedule, self.id),
            || now,
            || Vec::with_capacity(64),
            Some(&mut |slices| wire.write(slices)),
        );
        match sent {
            Err(OutOfMemory) => assert_eq!(engine.outbox().waiting(), before),
            Ok(sent) => assert_eq!(sent, Sent::Failed, "it was broken"),
        }
    }

    fn frame(&self, opcode: OpCode, fin: bool, rsv1: bool) -> Frame {
        Frame {
            fin,
            rsv1,
            opcode,
            mask: (self.role == Role::Client).then_some([1, 2, 3, 4]),
        }
    }

    fn join(
        &mut self,
        frame: &Frame,
        payload: &[u8],
        event: Option<Seen>,
        options: Options,
        (schedule, now): (&mut Schedule, Duration),
        is_batched: bool,
    ) -> Sent {
        let mut bytes = Vec::new();
        encode_frame(frame, payload, &mut bytes);
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
}
